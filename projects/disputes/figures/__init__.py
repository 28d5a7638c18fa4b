"""How much work there is at the desk of disputes, and how fast it is done."""
