"""Elasticsearch and PostgreSQL on loopback (本机服务), for trying and testing the distributed engines.

`python -m services start` fetches and starts them under .services/, `stop` ends them, `status` says what runs.
"""
