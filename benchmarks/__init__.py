"""Foretrace's figures beside its peers', taken in the same run: ``python -m benchmarks``.

A benchmark is one file with one class and one line in `benchmarks.registry`; a contender is one
file with one class and one line in `benchmarks.contenders.registry`. Nothing in here is part of the
distribution. The modules that also run under the peers' own Python (`contenders`, `stepping`)
import nothing but the standard library before a contender asks for more.
"""
