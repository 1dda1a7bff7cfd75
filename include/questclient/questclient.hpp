// Everything public.
#pragma once

#include <questclient/column_batch.hpp>
#include <questclient/error.hpp>
#include <questclient/line_buffer.hpp>
#include <questclient/options.hpp>
#include <questclient/query.hpp>
#include <questclient/sender.hpp>
#include <questclient/slot.hpp>
#include <questclient/timestamp.hpp>
