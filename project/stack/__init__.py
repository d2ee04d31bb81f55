"""The embedded stack: PostgreSQL, Valkey and S3 from packages, and the application's processes beside them.

Its supervisor lives as long as everything it watches, so nothing here imports Django or any other heavy package.
"""
