"""What the provider shows, held against our rows: one verdict each. Asks nobody, changes nothing.

A verdict is a Finding, or None where both sides agree, or where one has booked what the other will
book soon and both agree how the thing stands.
"""
