#!/usr/bin/env python3
"""Measures what the project promises about speed, on real services of its own, and prints one line a figure.

usage: bench/measure.py [PART …]      all by default; `make bench PARTS="table lag"` calls it
  insert indexes requests single memory   how fast users and requests come in, what one write costs (writes.py)
  reads lists cached                  what reads cost (reads.py)
  table                               every read as a row of a table in markdown (table.py)
  export poll lag                     exports, polls, requests beside a big job (live.py)

Machines are noisy: what is compared runs in turns, A B A B …, and the ratio is the median of the pairs.
"""
import json
import os
import sys

from common import Stack, say
from live import export, lag, poll
from reads import cached, lists, reads
from table import table
from writes import indexes, insert, memory, requests, single

PARTS = {part.__name__: part for part in (insert, indexes, requests, single, memory, reads, lists, cached, export, poll,
                                          table, lag)}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"measure.py: {', '.join(unknown)} is none of {', '.join(PARTS)}")
    say("machine", json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0]}))
    with Stack() as stack:
        for name in wanted:
            PARTS[name](stack)


if __name__ == "__main__":
    main()
