"""What the programs of bench/ share: servers, runs of chat-loadgen, medians, tables, plots.

Python's standard library only. Nothing in here knows which of them uses it.
"""
