"""What bench/compare and bench/fanout share: servers, runs of chat-loadgen, medians, tables, plots.

Python's standard library only. Nothing in here knows which of the two programs uses it.
"""
