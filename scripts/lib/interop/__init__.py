"""A real QuestDB server beside questnode, behind one interface.

fetch.py    the server from Maven Central, and a Java that runs it
server.py   one running server of either kind: start, kill, restart, HTTP, SQL
"""
