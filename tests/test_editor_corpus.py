"""Every real file in the editor: opened, sent back as a browser sends it, and the same byte for byte."""

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from catalog import drafting, publishing
from catalog.definition import digest_of, read
from catalog.models import Draft
from tests.corpus import corpus_files
from tests.forms import FORM, log_in
from tests.html_forms import sent_by
from tests.sources import agent_source


@pytest.mark.corpus
def test_an_untouched_save_keeps_the_digest_of_every_real_file(client: Client, admin: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=admin)
    draft = drafting.open_draft(agent, by=admin)
    address = reverse("admin:catalog_agent_draft", args=[agent.pk])
    log_in(client, admin)
    changed = []
    # What the form does is the same on both engines, and that PostgreSQL keeps every text the imports have shown.
    for file in corpus_files("agent")[:: 1 if connection.vendor == "sqlite" else 10]:
        try:
            source = file.data.decode()
        except UnicodeDecodeError:
            continue
        draft = drafting.save(draft, source, by=admin, revision=draft.revision)
        page = client.get(address, {"pane": "changes"}).content.decode()
        answer = client.post(address, urlencode([*sent_by(page), ("do", "save")]), content_type=FORM)
        assert answer.status_code == 302, file
        draft = Draft.objects.get(pk=draft.pk)
        if digest_of(draft.source.encode()) != digest_of(file.data):
            changed.append(str(file))
    assert changed == []
