"""Triages one ticket with the generated client, and prints its category."""

import sys

from deskhand_client import Client
from deskhand_client.api.triage import triage
from deskhand_client.models import Ticket, TriageRequest

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
ticket = Ticket(subject="VPN drops every ten minutes", body="Since the update this morning.")
answer = triage.sync(client=client, body=TriageRequest(ticket=ticket))
print(answer.predictions.additional_properties["category"].label)
