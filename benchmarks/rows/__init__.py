"""The rows of the table. Each module here is one: a `measure()` that returns its figures, measured in a process of its own.

A figure says in one line what it is and what it is held against (`benchmarks.measure`), and in `why` what a miss
would come from and what it would take; docs/performance.md shows that beside a figure that missed its aim.
"""
