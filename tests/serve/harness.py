"""A `weir serve` of its own, and requests to it that are held against the OpenAPI document."""
import atexit
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import time

ROLES = {"host": "host", "rita": "reader", "ann": "author", "bob": "approver,author", "olga": "operator"}


class Server:
    def __init__(self, weir, folder, *options, tokens=True, rules="rules", tls=None):
        self.folder, self.seen = folder, set()
        command = [weir, "serve", "--rules", str(folder / rules), "--port", "0", *options]
        if tokens:
            path = folder / "tokens"
            lines = [f"{n} {r} {hashlib.sha256(token(n).encode()).hexdigest()}\n" for n, r in ROLES.items()]
            path.write_text("".join(lines))
            path.chmod(0o600)
            command += ["--tokens", str(path), "--audit", str(folder / "audit.jsonl")]
        self.tls = None
        if tls:
            command += ["--tls-cert", tls[0], "--tls-key", tls[1]]
            self.tls = ssl.create_default_context(cafile=tls[0])
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # a scenario that fails leaves nothing behind
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if match := re.search(r"serving .* on https?://[^ ]*:(\d+)$", line.strip()):
                self.port = int(match.group(1))
                break
        else:
            raise AssertionError(f"it did not start: {self.said}")
        self.document = json.loads(self.raw("GET", "/openapi.json")[2])

    def connection(self):
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=30)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def raw(self, method, path, body=None, headers=None):
        connection = self.connection()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, text

    def ask(self, method, path, body=None, who=None, expect=200, kind="application/json"):
        """The answer's JSON (or text), after its status and form were checked."""
        headers = {}
        if body is not None:
            headers["Content-Type"] = kind
            if not isinstance(body, (str, bytes)):
                body = json.dumps(body)
        if who:
            headers["Authorization"] = "Bearer " + token(who)
        status, answer_headers, text = self.raw(method, path, body, headers)
        assert status == expect, f"{method} {path}: {status}, not {expect}: {text.decode()}"
        return self.check(method, path, status, answer_headers, text)

    def check(self, method, path, status, headers, text):
        template, operation = self.operation(method, path)
        if operation is None:
            assert status in (404, 405), f"{method} {path} is not in the document, but answered {status}"
            return json.loads(text)
        name = f"{method} {template}"
        assert str(status) in operation["responses"], f"{name}: {status} is not in the document"
        self.seen.add((name, status))
        response = self.resolve(operation["responses"][str(status)])
        kind = headers["Content-Type"]
        assert kind in response["content"], f"{name} {status}: {kind} is not in the document"
        for header in response.get("headers", {}):
            assert header in headers, f"{name} {status}: no header {header}"
        if "json" not in kind or "ndjson" in kind:
            return text.decode()
        value = json.loads(text)
        problem = self.mismatch(value, response["content"][kind]["schema"], "answer")
        assert problem is None, f"{name} {status}: {problem}: {text.decode()}"
        return value

    def operation(self, method, path):
        path = path.split("?")[0]
        # A template without a parameter is meant where both fit.
        for template, operations in sorted(self.document["paths"].items(), key=lambda item: "{" in item[0]):
            if re.fullmatch(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template)), path) and method.lower() in operations:
                return template, operations[method.lower()]
        return None, None

    def resolve(self, schema):
        while "$ref" in schema:
            at = self.document
            for part in schema["$ref"][2:].split("/"):
                at = at[part]
            schema = at
        return schema

    def mismatch(self, value, schema, where):
        """What is wrong with the value by the schema; None if nothing is."""
        schema = self.resolve(schema)
        if "oneOf" in schema:
            fits = [s for s in schema["oneOf"] if self.mismatch(value, s, where) is None]
            return None if len(fits) == 1 else f"{where} fits {len(fits)} of the forms"
        kinds = schema.get("type", [])
        python = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(isinstance(value, python[k]) and (k == "boolean" or not isinstance(value, bool)) for k in kinds):
            return f"{where} is not {kinds}"
        if "enum" in schema and value not in schema["enum"]:
            return f"{where} is {value}, not one of {schema['enum']}"
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            for name in schema.get("required", []):
                if name not in value:
                    return f"{where}.{name} is absent"
            for name, item in value.items():
                if name in properties:
                    if found := self.mismatch(item, properties[name], f"{where}.{name}"):
                        return found
                elif schema.get("additionalProperties") is False:
                    return f"{where}.{name} is not in the document"
        if isinstance(value, list) and "items" in schema:
            for i, item in enumerate(value):
                if found := self.mismatch(item, schema["items"], f"{where}[{i}]"):
                    return found
        return None

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        _, rest = self.process.communicate(timeout=60)
        self.said += rest
        return self.process.returncode


def token(name):
    return "token-of-" + name


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


RULES = """
entity Account: string
event post { author: Account  text: string  urls: list<string> }
list shorteners: string from "hosts.csv"
label spam on Account max 30d
feature texts = count() from post by post.author over 10m
rule flood on post {
  id "R-1"  when texts >= 3  score 60
  then { label post.author as spam for 7d  verdict review }
  limit 100 per 1h
  because "{texts} posts"  mode live
}
rule short on post { id "R-2"  when post.urls.exists(u, u in shorteners)  then { verdict block }  mode live }
rule known on post { id "R-3"  when "spam" in labels(post.author)  then { verdict challenge }  mode live }
"""
FILES = {"post.weir": RULES, "hosts.csv": "shorteners\nsho.rt\n"}


def write_rules(folder):
    for name, text in FILES.items():
        write(folder / "rules" / name, text)


def event(number, author="a", text="hello", urls=(), second=None):
    return {"time": f"2026-01-01T00:00:{number if second is None else second:02}Z", "id": f"e{number}", "author": author, "text": text, "urls": list(urls)}
