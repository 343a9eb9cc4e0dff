"""headcount.fcgi as a plain CGI program: one process a request, environment and stdin in, stdout back."""
import email.parser
import json
import os
import subprocess

from support.http import Answer


def cgi(program, env, method, uri, body=b"", headers=None, timeout=10):
    """Runs one request; env holds the settings (APP_…)."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    variables = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": method, "REQUEST_URI": uri,
        "QUERY_STRING": uri.partition("?")[2], "SCRIPT_NAME": "", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
        "PATH": os.environ["PATH"],
    }
    if body:
        variables |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}
    for name, value in (headers or {}).items():
        variables["HTTP_" + name.upper().replace("-", "_")] = value
    done = subprocess.run([program], env={**variables, **env}, input=body, capture_output=True, timeout=timeout)
    assert done.returncode == 0, (done.returncode, done.stderr)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = email.parser.Parser().parsestr(head.decode().replace("\r\n", "\n"))
    return Answer(int(fields["Status"].split()[0]), fields, content, 0)
