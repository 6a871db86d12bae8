"""The invariants of the chat (SECURITY §D), held against whatever people do in whatever order."""

import uuid

import pytest
from chatting import age, start, vanish, watched
from conftest import _staff, person
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Rank
from accounts.seed import AGENTS
from chat.delivery import Refused, frames
from chat.models import (
    ChatClosed,
    Conflict,
    Conversation,
    LimitReached,
    Note,
    NotYours,
    Presence,
    Taken,
    Watch,
)
from chat.text import normalise

MEMBERS, STAFF = 4, 2
WHO, WHICH = st.integers(0, MEMBERS - 1), st.integers(0, 9)
TEXT = st.text(max_size=40)


def told_since(reader, conversation, after):
    """The messages among what a delivery says; raises ``Refused``."""
    told = frames(reader, conversation.uuid, after).frames
    return [frame for frame in told if frame["type"] == "message"]


class Chats(RuleBasedStateMachine):
    """Members and agents doing what they may, and what they may not."""

    members: list
    agents: list

    @initialize()
    def empty(self):
        for model in (Note, Conversation, Presence, Watch):
            model.objects.all().delete()
        watched()
        self.told = {}  # what was acknowledged: (conversation, author, client_id) → (seq, body)
        self.order = []  # who waits, as the queue must be
        self.places = {}  # when each joined the queue, for good
        self.pages = {}  # what each reader has been told: (conversation, reader) → frames

    def conversation(self, which):
        rows = list(Conversation.objects.order_by("pk"))
        return rows[which % len(rows)] if rows else None

    @rule(who=WHO, question=TEXT)
    def member_starts(self, who, question):
        before = Conversation.objects.unfinished().filter(member=self.members[who]).first()
        conversation = start(self.members[who], question)
        assert before is None or conversation == before
        if before is None:
            self.order.append(conversation.pk)
            self.places[conversation.pk] = conversation.queued_at

    @rule(which=WHICH, who=st.integers(0, MEMBERS + STAFF - 1), body=TEXT)
    def somebody_posts(self, which, who, body):
        conversation, author = self.conversation(which), (self.members + self.agents)[who]
        if conversation is None:
            return
        takes_part = author in (conversation.member, conversation.agent)
        name = uuid.uuid4()
        try:
            message, is_new = conversation.post(author, body, name)
        except ChatClosed:
            assert conversation.status == "closed"
            return
        except NotYours:
            assert not takes_part
            return
        assert is_new
        assert takes_part
        self.told[conversation.pk, author.pk, name] = (message.seq, normalise(body))

    @rule(choice=st.randoms())
    def a_post_is_repeated(self, choice):
        if not self.told:
            return
        (pk, author, name), (seq, body) = choice.choice(sorted(self.told.items(), key=str))
        conversation = Conversation.objects.get(pk=pk)
        somebody = next(one for one in self.members + self.agents if one.pk == author)
        count = conversation.messages.count()
        message, is_new = conversation.post(somebody, body, name)
        assert (message.seq, is_new) == (seq, False)
        assert conversation.messages.count() == count
        with pytest.raises(Conflict):
            conversation.post(somebody, f"{body}!", name)

    @rule(who=st.integers(0, STAFF - 1))
    def an_agent_takes_the_next(self, who):
        try:
            conversation = Conversation.objects.claim_next(self.agents[who])
        except LimitReached:
            assert Conversation.objects.of_agent(self.agents[who]).count() == 3
            return
        if conversation is None:
            assert self.order == []
            return
        assert conversation.pk == self.order.pop(0)

    @rule(which=WHICH, who=st.integers(0, STAFF - 1))
    def an_agent_picks_one(self, which, who):
        conversation = self.conversation(which)
        if conversation is None:
            return
        is_waiting = conversation.status == "waiting"
        try:
            conversation.claim(self.agents[who])
        except (ChatClosed, Taken, LimitReached):
            return
        assert conversation.agent == self.agents[who]
        if is_waiting:
            self.order.remove(conversation.pk)

    @rule(which=WHICH, who=st.integers(0, STAFF - 1), to=st.integers(0, STAFF - 1))
    def an_agent_gives_one_away(self, which, who, to):
        conversation = self.conversation(which)
        if conversation is None:
            return
        try:
            if who == to:
                conversation.release(self.agents[who])
                self.queue_again(conversation.pk)
            else:
                Presence.renew(self.agents[to])  # only who is there gets one
                conversation.transfer(self.agents[who], self.agents[to])
        except (NotYours, ChatClosed):
            return

    @rule(which=WHICH, by_member=st.booleans())
    def somebody_ends_one(self, which, by_member):
        conversation = self.conversation(which)
        if conversation is None:
            return
        try:
            conversation.close(conversation.member if by_member else self.agents[0])
        except NotYours:
            assert not by_member
            assert conversation.agent != self.agents[0]
            return
        if conversation.pk in self.order:
            self.order.remove(conversation.pk)

    @rule(which=WHICH, who=st.integers(0, MEMBERS + STAFF - 1))
    def somebody_looks(self, which, who):  # I6
        conversation, reader = self.conversation(which), (self.members + self.agents)[who]
        if conversation is None:
            return
        has = self.pages.get((conversation.pk, reader.pk), [])
        try:
            has = [*has, *told_since(reader, conversation, len(has))]
        except Refused:
            assert reader not in (conversation.member, *self.agents)
            return
        assert reader in (conversation.member, *self.agents)
        self.pages[conversation.pk, reader.pk] = has

    @rule(who=st.integers(0, STAFF - 1))
    def an_agent_vanishes(self, who):
        lost = list(Conversation.objects.of_agent(self.agents[who]).values_list("pk", flat=True))
        vanish(self.agents[who])
        assert Conversation.objects.sweep() >= len(lost)
        assert not Conversation.objects.orphaned().exists()  # I10
        for pk in lost:
            self.queue_again(pk)

    @rule(who=WHO)
    def a_waiting_member_vanishes(self, who):
        mine = Conversation.objects.filter(member=self.members[who], status="waiting")
        lost = list(mine.values_list("pk", flat=True))
        age(mine, "member_at", 200)
        Conversation.objects.sweep()
        self.order = [pk for pk in self.order if pk not in lost]

    def queue_again(self, pk):
        """Back in its old place."""
        self.order.append(pk)
        self.order.sort(key=lambda key: (self.places[key], key))

    @invariant()
    def what_was_acknowledged_is_stored_as_it_was(self):  # I1, I2
        for (pk, author, name), (seq, body) in getattr(self, "told", {}).items():
            rows = Conversation.objects.get(pk=pk).messages.filter(author=author, client_id=name)
            assert list(rows.values_list("seq", "body")) == [(seq, body)]

    @invariant()
    def every_list_is_without_gaps(self):  # I3, I12, I14
        for conversation in Conversation.objects.all():
            places = list(conversation.messages.values_list("seq", flat=True))
            assert places == list(range(1, conversation.last_seq + 1))
            ends = list(conversation.messages.filter(event="ended").values_list("seq", flat=True))
            assert ends == ([conversation.last_seq] if conversation.status == "closed" else [])

    @invariant()
    def nobodys_page_has_a_gap(self):  # I3, I14
        for has in getattr(self, "pages", {}).values():
            assert [frame["seq"] for frame in has] == list(range(1, len(has) + 1))

    def teardown(self):
        """Who looks once more has all of it, and just what a page loaded now shows (I4, I13)."""
        people = {one.pk: one for one in self.members + self.agents}
        for (pk, reader), has in getattr(self, "pages", {}).items():
            conversation = Conversation.objects.get(pk=pk)
            rest = told_since(people[reader], conversation, len(has))
            assert [*has, *rest] == told_since(people[reader], conversation, 0)
            assert len(has) + len(rest) == conversation.last_seq

    @invariant()
    def the_queue_is_first_in_first_out(self):  # I8, I9
        if hasattr(self, "order"):
            assert list(Conversation.objects.waiting().values_list("pk", flat=True)) == self.order

    @invariant()
    def nobody_has_too_many(self):  # I7, I11
        for member in getattr(self, "members", []):
            assert Conversation.objects.unfinished().filter(member=member).count() <= 1
        assert not Conversation.objects.filter(status="active", agent=None).exists()


@pytest.mark.django_db
def test_whatever_people_do_the_invariants_hold(seeded):
    Chats.members = [person(f"member{n}", Rank.SILVER, member_id=str(n)) for n in range(MEMBERS)]
    Chats.agents = [_staff(f"agent{n}", AGENTS) for n in range(STAFF)]
    run_state_machine_as_test(
        Chats,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.generate],  # making a failure small takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
