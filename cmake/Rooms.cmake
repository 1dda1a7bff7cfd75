# A room is one folder of sources with one purpose; each becomes a static library.
#
#   add_room(NAME questclient_base DEPENDS ...)       every *.cpp of the current folder
#   add_room_test(NAME base DEPENDS questclient_base) every *.cpp of tests/unit/<NAME>; SHARDS n: run as n tests,
#                                                     side by side; THREADS: run under the thread sanitizer too
include_guard(GLOBAL)

set(QUESTCLIENT_ROOT ${CMAKE_CURRENT_SOURCE_DIR})

find_program(QUESTCLIENT_CCACHE ccache)
if(QUESTCLIENT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QUESTCLIENT_CCACHE})
endif()

# What every target of this project is compiled with; users of the library inherit only C++20.
# -Wno-restrict: g++ 12 sees overlaps in plain std::string operator+ that are not there (GCC bug 105651).
# -Wno-subobject-linkage: in a unity build every source file looks to g++ like a header.
add_library(questclient_flags INTERFACE)
target_compile_features(questclient_flags INTERFACE cxx_std_20)
target_compile_options(questclient_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  $<$<BOOL:${QUESTCLIENT_WERROR}>:-Werror>)
if(QUESTCLIENT_SANITIZE)
  target_compile_options(questclient_flags INTERFACE
    -fsanitize=${QUESTCLIENT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(questclient_flags INTERFACE -fsanitize=${QUESTCLIENT_SANITIZE})
endif()
# For tests, behind the others. Optimising and instrumenting assertions is most of the time that a test takes to compile, and
# buys nothing: what is tested lies in the rooms. (Address instrumentation has to stay: containers cross the border.)
add_library(questclient_test_flags INTERFACE)
target_compile_options(questclient_test_flags INTERFACE -O0)
if(QUESTCLIENT_SANITIZE)
  target_compile_options(questclient_test_flags INTERFACE -fno-sanitize=undefined)
endif()
# The thread sanitizer cannot see fences, and g++ warns of each. Asio's own hand nothing from thread to thread (its queues
# do, under mutexes): without them -Wtsan stays an error, for ours.
if(QUESTCLIENT_SANITIZE MATCHES "thread")
  target_compile_definitions(questclient_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

function(add_room)
  cmake_parse_arguments(ROOM "" "NAME" "DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(${ROOM_NAME} STATIC ${sources})
  set_target_properties(${ROOM_NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${ROOM_NAME} PUBLIC
    ${QUESTCLIENT_ROOT}/include ${QUESTCLIENT_ROOT}/src ${QUESTCLIENT_ROOT})
  target_compile_features(${ROOM_NAME} PUBLIC cxx_std_20)
  target_link_libraries(${ROOM_NAME} PUBLIC ${ROOM_DEPENDS} PRIVATE $<BUILD_INTERFACE:questclient_flags> ${ROOM_PRIVATE_DEPENDS})
endfunction()

# Under the thread sanitizer: leaves out what tests/thread_sanitizer.txt names, and ends at the first report, so that one
# in a child process fails its test as well.
function(run_under_thread_sanitizer room)
  set(left_out "")
  file(STRINGS ${QUESTCLIENT_ROOT}/tests/thread_sanitizer.txt lines REGEX "^${room} ")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^${room} +([^ ]+) .*" "\\1:" pattern "${line}")
    string(APPEND left_out "${pattern}")
  endforeach()
  set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT "GTEST_FILTER=-${left_out}" "TSAN_OPTIONS=halt_on_error=1")
  set_property(TEST ${ARGN} APPEND PROPERTY LABELS threads)
  if(NOT TARGET thread_tests)
    add_custom_target(thread_tests)
  endif()
  add_dependencies(thread_tests test_${room})
endfunction()

function(add_room_test)
  cmake_parse_arguments(ROOM "THREADS" "NAME;SHARDS" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${QUESTCLIENT_ROOT}/tests/unit/${ROOM_NAME}/*.cpp)
  if(NOT sources)
    message(FATAL_ERROR "tests/unit/${ROOM_NAME} holds no test")
  endif()
  add_executable(test_${ROOM_NAME} ${sources})
  target_include_directories(test_${ROOM_NAME} PRIVATE ${QUESTCLIENT_ROOT}/tests ${QUESTCLIENT_ROOT})
  target_link_libraries(test_${ROOM_NAME} PRIVATE ${ROOM_DEPENDS} questclient_flags questclient_test_flags
                                                  GTest::gtest_main)
  set(tests unit.${ROOM_NAME})
  if(NOT ROOM_SHARDS)
    add_test(NAME unit.${ROOM_NAME} COMMAND test_${ROOM_NAME})
  else()
    set(tests "")
    foreach(shard RANGE 1 ${ROOM_SHARDS})
      math(EXPR index "${shard} - 1")
      add_test(NAME unit.${ROOM_NAME}.${shard} COMMAND test_${ROOM_NAME})
      set_tests_properties(unit.${ROOM_NAME}.${shard} PROPERTIES
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${ROOM_SHARDS};GTEST_SHARD_INDEX=${index}")
      list(APPEND tests unit.${ROOM_NAME}.${shard})
    endforeach()
  endif()
  if(ROOM_THREADS AND QUESTCLIENT_SANITIZE MATCHES "thread")
    run_under_thread_sanitizer(${ROOM_NAME} ${tests})
  endif()
endfunction()
