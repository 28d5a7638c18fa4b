"""The tables of this floor live in its rooms; Django looks for them here."""

from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.agreements.sealing.models import Seal, SigningKey
from projects.bids.counters.models import CounterOffer
from projects.bids.files.models import BidFile
from projects.bids.models import Bid, BidVersion
from projects.bonuses.models import Bonus
from projects.confidentiality.models import Acceptance, ConfidentialPart
from projects.contracts.models import Agreement, Contract, Event, PutOff
from projects.disputes.assigning.models import Assignment
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.exhibits.models import Exhibit
from projects.disputes.models import Dispute, Ruling, Statement
from projects.disputes.register.models import RegisterEntry, RegisterQuarter
from projects.disputes.sealed.models import SealedOffer
from projects.disputes.templates.models import ReasonTemplate
from projects.givebacks.models import GiveBack
from projects.invitations.models import Invitation
from projects.messages.models import Conversation, Message, MessageFile
from projects.milestones.models import Milestone, Reminder, Submission, SubmissionFile
from projects.postings.models import Posting, PostingFile
from projects.questions.models import Question
from projects.screening.models import ScreeningQuestion

__all__ = [
    "Acceptance",
    "Agreement",
    "Assignment",
    "Bid",
    "BidFile",
    "BidVersion",
    "Bonus",
    "ChangeOrder",
    "ConfidentialPart",
    "Contract",
    "Conversation",
    "CounterOffer",
    "Dispute",
    "Event",
    "Exhibit",
    "GiveBack",
    "Invitation",
    "Message",
    "MessageFile",
    "Milestone",
    "Posting",
    "PostingFile",
    "Proposal",
    "ProposedRuling",
    "PutOff",
    "Question",
    "ReasonTemplate",
    "RegisterEntry",
    "RegisterQuarter",
    "Reminder",
    "Ruling",
    "ScreeningQuestion",
    "Seal",
    "SealedOffer",
    "SigningKey",
    "Statement",
    "Submission",
    "SubmissionFile",
]
