"""A small Stripe: a process of its own that answers like the API version below.

It knows nothing of the product that talks to it, and the product never imports
it. State lives in SQLite, time can be moved, and no real money is anywhere near.
"""

API_VERSION = "2026-10-28.endive"
