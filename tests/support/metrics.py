"""GET /metrics read by a strict reader of its own."""
import re

LINE = re.compile(r'([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?\d+(?:\.\d+)?)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """All samples of one page: `types` by metric, `samples` as (name, labels, value)."""

    def __init__(self, text):
        self.text, self.types, self.samples = text, {}, []
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"{name} comes twice"
                self.types[name] = kind
            elif not line.startswith("# HELP "):
                found = LINE.fullmatch(line)
                assert found, line
                self.samples.append((found[1], dict(LABEL.findall(found[2])), float(found[3])))
        keys = [(name, tuple(sorted(labels.items()))) for name, labels, _ in self.samples]
        assert len(keys) == len(set(keys)), "a series comes twice"

    def find(self, name, **labels):
        """Values of all series of that name with (at least) these labels, by instance or all in a list."""
        return [value for sample, its, value in self.samples
                if sample == name and all(its.get(key) == want for key, want in labels.items())]

    def sum(self, name, **labels):
        return sum(self.find(name, **labels))

    def one(self, name, **labels):
        found = self.find(name, **labels)
        assert len(found) == 1, (name, labels, found)
        return found[0]

    def instances(self):
        return {labels["instance"] for _, labels, _ in self.samples}


def read(http, **more):
    answer = http.get("/metrics", **more)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return Metrics(answer.text)
