"""Everything that looks at sound: what a file is, what is in it, and the files made from it.

No module here knows Django. What touches foreign bytes with a decoder runs in a child process (`child.py`).
"""
