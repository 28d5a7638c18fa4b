"""Templates for decisions with which the demo's mediator begins: name, facts, rule, reasons."""

TEMPLATES = [
    (
        "Met in part",
        "Met: …\nNot met: …\nThis is seen in version … of the delivery.",
        "The criteria of the agreement, each for itself.",
        "What is met is paid, in the proportion that it has in the work as it was agreed.",
    ),
    (
        "Nothing was delivered",
        "The due date was …, and nothing was submitted before this dispute was opened.",
        "What is not delivered is not paid.",
        "Nobody pays for work that they do not have. What else was said changes nothing of that.",
    ),
    (
        "More than was agreed",
        "The changes that were asked for are not among the criteria: …",
        "Nobody owes more than was agreed.",
        "All that was agreed is there. What came on top is for a change of the agreement.",
    ),
]
