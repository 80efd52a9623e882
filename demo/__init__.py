"""A small fictional city on loopback (演示城市): 云港区, five days of March 2026, written as data and served over HTTP."""
