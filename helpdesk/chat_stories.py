"""The chat history of the demo: three conversations of the last days."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.models import User
from chat.models import Conversation, Presence, Rating


class Line(NamedTuple):
    """What somebody said, ``after`` so many minutes from the question."""

    who: str
    after: int
    body: str


class ChatStory(NamedTuple):
    """A conversation. ``began``: how many working days ago, at what time (GMT)."""

    member: str
    agent: str
    began: str
    asked: str
    lines: list[Line]
    rating: str = ""


CHAT_STORIES = [
    ChatStory(
        "emily",
        "nina",
        "7 13:10",
        "The delivery date jumps back to August when I save my monthly order.",
        [
            Line("nina", 3, "Hello Emily, which date do you choose?"),
            Line("emily", 4, "The 14th of September. I press Save and the page blinks."),
            Line("nina", 7, "The template holds a product that has left the catalogue. May I?"),
            Line("emily", 8, "Yes, please just take it out."),
            Line("nina", 9, "Done. Could you reload the page and try the 14th once more?"),
            Line("emily", 11, "It works now, thank you!"),
        ],
        Rating.YES,
    ),
    ChatStory(
        "tomas",
        "marek",
        "4 09:35",
        "I do not receive the e-mail for a new password.",
        [
            Line("marek", 2, "Hello Tomáš, the e-mail was sent a minute ago. Is it in the spam?"),
            Line("tomas", 4, "Yes, it was there. Thanks."),
        ],
        Rating.YES,
    ),
    ChatStory(
        "maja",
        "nina",
        "2 18:20",
        "Hello, does the chat speak Slovenian?",
        [
            Line("nina", 2, "Hello Maja, the chat is in English only, tickets are not."),
            Line("maja", 3, "Then I will send a ticket, it is easier for me."),
        ],
        Rating.PARTLY,
    ),
]


def tell(story: ChatStory, cast: dict[str, User], began: datetime) -> None:
    """Lead the conversation through its verbs, then set its clock back."""
    member, agent = cast[story.member], cast[story.agent]
    conversation, _is_new = Conversation.objects.start(
        member,
        question=story.asked,
        submission_id=uuid.uuid4(),
        name=member.display_name,
        given_member_id=member.member_id or "",
        email=member.email,
        language=member.language,
    )
    conversation.claim(agent)
    for line in story.lines:
        conversation.post(cast[line.who], line.body, uuid.uuid4())
    conversation.close(member)
    conversation.rate(Rating(story.rating))
    _set_back(conversation, story, began)
    Presence.objects.filter(agent=agent).delete()  # nobody sits at the console yet


def _set_back(conversation: Conversation, story: ChatStory, began: datetime) -> None:
    minutes = [0, 1, *(line.after for line in story.lines)]
    minutes.append(minutes[-1] + 1)
    times = [began + timedelta(minutes=after) for after in minutes]
    for seq, at in enumerate(times, 1):
        conversation.messages.filter(seq=seq).update(at=at)
    Conversation.objects.filter(pk=conversation.pk).update(
        **dict.fromkeys(("created_at", "queued_at", "member_at"), began),
        **dict.fromkeys(("first_claimed_at", "claimed_at"), times[1]),
        closed_at=times[-1],
        member_seen=len(times),
        agent_seen=len(times),
    )
