"""Addresses under /chat/ (DESIGN §4)."""

from django.urls import path

from .views import conversations, messages, start

app_name = "chat"
urlpatterns = [
    path("", start.chat_start, name="chat_start"),
    path("ticket/", start.question_ticket, name="question_ticket"),
    path("<uuid:uuid>/", conversations.conversation_detail, name="conversation_detail"),
    path("<uuid:uuid>/messages/", messages.message_list, name="message_list"),
    path("<uuid:uuid>/end/", conversations.conversation_end, name="conversation_end"),
    path("<uuid:uuid>/ticket/", conversations.conversation_ticket, name="conversation_ticket"),
    path(
        "<uuid:uuid>/transcript/",
        conversations.conversation_transcript,
        name="conversation_transcript",
    ),
    path("<uuid:uuid>/rating/", conversations.conversation_rating, name="conversation_rating"),
]
