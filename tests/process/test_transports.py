"""https, tcp and tcps, with certificates and keys made here, through the tool that users type; queries come back over https."""

import base64
import contextlib
import json
import subprocess

import pytest

from loop.cluster import until

ROWS = [f"t,k=a v={i}i {i + 1}" for i in range(500)]


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout


def make_ca(folder, name):
    key, certificate = folder / f"{name}-key.pem", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
            "-days", 2, "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign")
    return key, certificate


def make_certificate(folder, ca, name, alternatives):
    ca_key, ca_certificate = ca
    key, request, certificate = (folder / f"{name}{end}" for end in ("-key.pem", ".csr", ".pem"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj",
            f"/CN={name}")
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={alternatives}\n")
    openssl("x509", "-req", "-in", request, "-CA", ca_certificate, "-CAkey", ca_key, "-CAcreateserial", "-out", certificate,
            "-days", 2, "-extfile", extensions)
    return key, certificate


def make_signing_key(folder):
    """{d, x, y} as QuestDB's clients name the halves of an ES256 key, base64url."""
    pem = folder / "es256.pem"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", pem)
    text = openssl("ec", "-in", pem, "-text", "-noout").decode()
    private, public = (bytes.fromhex("".join(text.split(f"{part}:\n")[1].split("\n\n")[0].split("pub:")[0].split("ASN1")[0].split())
                                     .replace(":", "")) for part in ("priv", "pub"))
    url = lambda number: base64.urlsafe_b64encode(number.rjust(32, b"\0")).rstrip(b"=").decode()  # noqa: E731
    return {"d": url(private[-32:]), "x": url(public[1:33]), "y": url(public[33:65])}


@contextlib.contextmanager
def questnode(build, root, *settings):
    words = [word for setting in ("http.bind.to=127.0.0.1:0", *settings) for word in ("--set", setting)]
    process = subprocess.Popen([build / "server-stub" / "node" / "questnode", "--root", root, *words],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ready = root / "questnode.json"
        until(lambda: ready.exists() and ready.read_text().endswith("}\n"), "questnode is ready")
        yield json.loads(ready.read_text())
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def tool(build):
    def run(*arguments, text=None):
        return subprocess.run([build / "tools" / "questclient" / "questclient", *arguments], input=text, text=True,
                              capture_output=True, timeout=60)
    return run


def send(tool, conf, *arguments):
    return tool("send", "-", "--conf", conf, "--timeout", "50s", *arguments, text="\n".join(ROWS) + "\n")


def counted(tool, conf):
    done = tool("query", "--conf", conf, "--json", "SELECT count(), sum(v) FROM t")
    return json.loads(done.stdout)["dataset"] if done.returncode == 0 else done.stderr


ALL_ROWS = [[len(ROWS), sum(range(len(ROWS)))]]


def test_https_with_a_private_ca_and_a_password(build, tool, tmp_path):
    ca = make_ca(tmp_path, "ca")
    key, certificate = make_certificate(tmp_path, ca, "server", "IP:127.0.0.1,DNS:localhost")
    settings = ("tls.enabled=true", f"tls.cert.path={certificate}", f"tls.private.key.path={key}", "http.user=u",
                "http.password=secret-word")
    with questnode(build, tmp_path / "node", *settings) as node:
        conf = f"https::addr={node['address']};tls_roots={ca[1]};"
        done = send(tool, conf + f"username=u;password=secret-word;sf_dir={tmp_path / 'slots'};")
        assert done.returncode == 0, done.stderr
        until(lambda: counted(tool, conf + "username=u;password=secret-word;") == ALL_ROWS, "every row came over https")

        refused = send(tool, conf + "username=u;password=wrong-word;")
        assert refused.returncode == 1
        assert "401" in refused.stderr and "wrong-word" not in refused.stderr


def test_certificates_that_prove_nothing_are_refused(build, tool, tmp_path):
    ca, other = make_ca(tmp_path, "ca"), make_ca(tmp_path, "other")
    key, certificate = make_certificate(tmp_path, ca, "elsewhere", "DNS:elsewhere.example")
    with questnode(build, tmp_path / "node", "tls.enabled=true", f"tls.cert.path={certificate}",
                   f"tls.private.key.path={key}") as node:
        address = node["address"]
        for roots, word in ((other[1], "tls_roots"), (ca[1], "elsewhere.example")):
            done = send(tool, f"https::addr={address};tls_roots={roots};initial_connect_retry=off;")
            assert done.returncode != 0 and word in done.stderr, done.stderr
        assert "does not exist" in counted(tool, f"https::addr={address};tls_verify=unsafe_off;")
        done = send(tool, f"https::addr={address};tls_verify=unsafe_off;")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tls", (False, True), ids=("tcp", "tcps"))
def test_lines_over_tcp_with_a_signed_challenge(build, tool, tmp_path, tls):
    ca = make_ca(tmp_path, "ca")
    key, certificate = make_certificate(tmp_path, ca, "server", "IP:127.0.0.1")
    signing = make_signing_key(tmp_path)
    keys = tmp_path / "auth.txt"
    keys.write_text(f"kid ec-p-256-sha256 {signing['x']} {signing['y']}\n")
    settings = ["line.tcp.enabled=true", "line.tcp.net.bind.to=127.0.0.1:0", f"line.tcp.auth.db.path={keys}"]
    if tls:
        settings += ["line.tcp.tls.enabled=true", f"line.tcp.tls.cert.path={certificate}", f"line.tcp.tls.private.key.path={key}"]
    with questnode(build, tmp_path / "node", *settings) as node:
        schema = f"tcps::addr={node['line_tcp']};tls_roots={ca[1]};" if tls else f"tcp::addr={node['line_tcp']};"
        done = send(tool, schema + f"username=kid;token={signing['d']};token_x={signing['x']};token_y={signing['y']};")
        assert done.returncode == 0, done.stderr
        until(lambda: counted(tool, f"http::addr={node['address']};") == ALL_ROWS, "every row came over tcp")


def test_a_server_that_asks_for_a_key_gets_no_row_without_one(build, tool, tmp_path):
    signing = make_signing_key(tmp_path)
    keys = tmp_path / "auth.txt"
    keys.write_text(f"kid ec-p-256-sha256 {signing['x']} {signing['y']}\n")
    with questnode(build, tmp_path / "node", "line.tcp.enabled=true", "line.tcp.net.bind.to=127.0.0.1:0",
                   f"line.tcp.auth.db.path={keys}") as node:
        conf = f"tcp::addr={node['line_tcp']};sf_dir={tmp_path / 'slots'};"
        refused = send(tool, conf)
        assert refused.returncode != 0 and "asks for a key. Give username" in refused.stderr, refused.stderr
        done = tool("send", "-", "--conf", conf + f"username=kid;token={signing['d']};", "--timeout", "50s", text="")
        assert done.returncode == 0, done.stderr
        until(lambda: counted(tool, f"http::addr={node['address']};") == ALL_ROWS, "every row was kept for the key")


def test_a_compressed_body_is_unpacked_by_the_server(build, tool, tmp_path):
    with questnode(build, tmp_path / "node") as node:
        conf = f"http::addr={node['address']};"
        assert send(tool, conf + "request_compression=gzip;").returncode == 0
        until(lambda: counted(tool, conf) == ALL_ROWS, "every row came compressed")


def test_config_check_says_what_a_sender_would_say_at_its_start(tool, tmp_path):
    ca = make_ca(tmp_path, "ca")
    signing, other = (make_signing_key(folder) for folder in (tmp_path / "one", tmp_path / "two") if not folder.mkdir())
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")
    key_of = "tcp::addr=127.0.0.1:9;username=kid;"
    slots = tmp_path / "slots"
    for right in (f"https::addr=127.0.0.1:9;tls_roots={ca[1]};sf_dir={slots};",
                  f"{key_of}token={signing['d']};token_x={signing['x']};token_y={signing['y']};"):
        done = tool("config", "check", right)
        assert done.returncode == 0, done.stderr
    assert not slots.exists(), "it opens no slot"
    for wrong, word in ((f"https::addr=127.0.0.1:9;tls_roots={tmp_path / 'missing.pem'};", "missing.pem"),
                        (f"https::addr=127.0.0.1:9;tls_roots={empty};", "BEGIN CERTIFICATE"),
                        (f"{key_of}token=AAAA;", "P-256"),
                        (f"{key_of}token=!!!!;", "base64url"),
                        (f"{key_of}token={signing['d']};token_x={other['x']};token_y={signing['y']};", "does not belong"),
                        (f"http::addr=127.0.0.1:9;sf_dir={slots};sf_key={tmp_path / 'missing.key'};", "missing.key")):
        told, sent = tool("config", "check", wrong), send(tool, wrong)
        assert (told.returncode, sent.returncode) == (1, 1)
        assert word in told.stderr and told.stderr == sent.stderr
        assert signing["d"] not in told.stderr
