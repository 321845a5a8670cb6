"""Messages in a folder: whole or not there, and one that cannot be read stops nobody."""

from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from her2web.celery import app


@pytest.fixture
def channel(tmp_path):
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
    with Connection("filesystem://", transport_options=folders) as connection:
        yield connection.default_channel


def test_the_application_uses_it():
    assert app.conf.broker_transport_options
    with Connection("filesystem://") as connection:
        assert type(connection.transport).__module__ == "her2web.folder_broker"


def test_a_message_is_seen_only_when_it_is_whole(channel, tmp_path, monkeypatch):
    rename, seen = Path.replace, []

    def look_then_rename(source, target):
        seen.append([path.suffix for path in tmp_path.iterdir()])
        with pytest.raises(Empty):
            channel._get("io")
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", look_then_rename)
    channel._put("io", {"body": "检查"})
    assert seen == [[".unfinished"]]
    assert channel._get("io") == {"body": "检查"}
    assert list(tmp_path.iterdir()) == []


def test_messages_keep_their_queue(channel):
    for number in range(3):
        channel._put("io", {"number": number})
    channel._put("cpu", {"number": 9})
    assert channel._size("io") == 3
    assert {channel._get("io")["number"] for _ in range(3)} == {0, 1, 2}
    assert channel._get("cpu") == {"number": 9}


def test_an_empty_message_is_left_out(channel, tmp_path):
    (tmp_path / "1_cut.io.msg").touch()
    channel._put("io", {"number": 1})
    assert channel._get("io") == {"number": 1}
    with pytest.raises(Empty):
        channel._get("io")
