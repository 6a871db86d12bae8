"""A known incident for a story, in every language."""

from conftest import NOW

from tickets.models import Incident

TITLES = {
    "en": "Orders cannot be paid",
    "cs": "Objednávky nelze zaplatit",
    "sl": "Naročil ni mogoče plačati",
}
TEXTS = {
    "en": "Payment by card fails. We are working on it.",
    "cs": "Platba kartou selhává. Pracujeme na tom.",
    "sl": "Kartice so zavrnjene. To odpravljamo.",
}
ENDINGS = {
    "en": "Payment works again.",
    "cs": "Platby opět fungují.",
    "sl": "Plačila spet delujejo.",
}


def draft(by, at=NOW, **words):
    """An incident that nobody knows of yet."""
    texts = {f"title_{code}": title for code, title in TITLES.items()}
    texts |= {f"text_{code}": text for code, text in TEXTS.items()}
    return Incident.objects.create(created_by=by, started_at=at, **{**texts, **words})


def announce(by, at=NOW, **words):
    """An incident that members read of."""
    incident = draft(by, at, **words)
    incident.publish(by, at)
    return incident
