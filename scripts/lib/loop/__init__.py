"""The whole loop as a user runs it: real processes, real files, every row counted on the far side.

rows.py      what must have arrived (from CSV or ILP text) and what did (from /exec)
cluster.py   the reference cluster, through the questcluster command
producer.py  a program that sends, and what it says about itself
"""
