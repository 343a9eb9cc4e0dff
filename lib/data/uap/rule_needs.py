"""What a text must contain for a regular expression to match it, so that most rules need not be tried.

needs("(Iron|Camino)/(\\d+)") is ["Iron", "Camino"]: one of them is in every text that matches. An empty list says nothing
is known; that is the answer to everything this reader doesn't understand. Only plain letters are followed, through
groups and alternatives; classes, escapes such as \\d, look-arounds and what may be left out end a literal.
"""
import re

# What nearly every User-Agent contains: asking for it saves nothing.
COMMON = ("Mozilla/5.0 (Linux; Android 10; K) (Windows NT 10.0; Win64; x64) (iPhone; CPU iPhone OS 18_7 like Mac OS X) "
          "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/154.0.0.0 "
          "Mobile/15E148 Mobile Safari/537.36 Build/").lower()
GAP = None  # something stands here, or nothing


class Unknown(Exception):
    pass


class Reader:
    def __init__(self, pattern):
        self.pattern, self.at = pattern, 0

    def peek(self):
        return self.pattern[self.at:self.at + 1]

    def take(self):
        self.at += 1
        return self.pattern[self.at - 1]

    def alternatives(self):
        """A list of sequences; ends at the closing bracket or at the end."""
        found = [self.sequence()]
        while self.peek() == "|":
            self.take()
            found.append(self.sequence())
        return found

    def sequence(self):
        """A list of letters, GAPs and (for a group of several) lists of sequences."""
        items = []
        while self.peek() and self.peek() not in "|)":
            item = self.item()
            least = self.least()
            if least == 0:
                items.append(GAP)
            elif least is None and isinstance(item, list) and len(item) == 1:
                items.extend(item[0])
            else:
                items.append(item)
                if least is not None:
                    items.append(GAP)
        return items

    def item(self):
        c = self.take()
        if c == "(":
            return self.group()
        if c == "[":
            self.char_class()
            return GAP
        if c == "\\":
            return self.escape()
        return GAP if c in ".^$" else c

    def escape(self):
        c = self.take()
        if c in "dDsSwWbB":
            return GAP
        if c.isalnum():
            raise Unknown(c)
        return c

    def group(self):
        around = re.compile(r"\?(?::|=|!|<=|<!)").match(self.pattern, self.at)
        if around:
            self.at = around.end()
        elif self.peek() == "?":
            raise Unknown("flags")
        inside = self.alternatives()
        if self.take() != ")":
            raise Unknown("bracket")
        return GAP if around and around[0] != "?:" else inside

    def char_class(self):
        if self.peek() == "^":
            self.take()
        if self.peek() == "]":
            self.take()
        while self.peek() != "]":
            if self.take() == "\\":
                self.take()
        self.take()

    def least(self):
        """How often the item must stand there at least; None if just once."""
        number = re.compile(r"\{(\d+)(,\d*)?\}").match(self.pattern, self.at)
        if number:
            self.at = number.end()
            found = int(number[1])
        elif self.peek() and self.peek() in "?*+":
            found = 1 if self.take() == "+" else 0
        else:
            return None
        if self.peek() and self.peek() in "?+":
            self.take()
        return found


def worth(texts):
    """Greater is better: not common, long, few."""
    shortest = min(map(len, texts))
    return (not any(t.lower() in COMMON for t in texts), min(shortest, 4), -len(texts), shortest)


def best(sequence):
    """The best set of literals of which one is in each text that matches the sequence; [] if there is none."""
    sets, run = [], ""
    for item in sequence + [GAP]:
        if isinstance(item, str):
            run += item
            continue
        if run:
            sets.append([run])
        run = ""
        if item is not GAP:
            branches = [best(branch) for branch in item]
            if all(branches):
                sets.append(sorted({text for branch in branches for text in branch}))
    return max(sets, key=worth, default=[])


def needs(pattern):
    reader = Reader(pattern)
    try:
        found = reader.alternatives()
    except (Unknown, IndexError):
        return []
    if reader.at != len(pattern):
        return []
    return best([found] if len(found) > 1 else found[0])
