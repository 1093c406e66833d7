"""The plugin on real nodes, as the tests of lightningd/plugins run it (pytest and pyln-testing): that it starts
with its node, that what it says is so, that a node comes back. All else is tested without lightningd:
docs/testing.md. BACKUP_BUILD is the build folder, build/release unless set."""
import os
import subprocess
from pathlib import Path

import pytest
from pyln.testing.fixtures import *  # noqa: F401,F403

BUILD = Path(os.environ.get("BACKUP_BUILD", Path(__file__).parent.parent / "build" / "release"))
PLUGIN = str(BUILD / "plugin" / "backup")
CLI = str(BUILD / "cli" / "backup-cli")


def cli(*arguments):
    return subprocess.run([CLI, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def backup(directory):
    """The directory of the node that is to be, and its log."""
    node = Path(directory) / "lightning-1" / "regtest"
    node.mkdir(parents=True)
    log = Path(directory) / "node.bkp"
    cli("init", "--lightning-dir", node, f"file://{log}")
    return node, log


def get_node(node_factory, **more):
    return node_factory.get_node(options={"important-plugin": PLUGIN}, cleandir=False, **more)


def check(node, log):
    """The log holds what the node has."""
    said = cli("verify", "--against", node / "lightningd.sqlite3", f"file://{log}")
    assert said.startswith("The same at version")
    assert "No damage found." in cli("verify", f"file://{log}")


def test_a_node_and_its_backup(node_factory, backup):
    node, log = backup
    l1 = get_node(node_factory)
    assert any(plugin["name"] == PLUGIN for plugin in l1.rpc.plugin("list")["plugins"])
    for i in range(3):
        l1.rpc.invoice(1000, f"label {i}", "an invoice")
        l1.restart()
        assert l1.daemon.is_in_log("Versions match up")
    l1.stop()
    check(node, log)


def test_a_lost_disk(node_factory, backup):
    node, log = backup
    l1 = get_node(node_factory)
    invoices = [l1.rpc.invoice(1000, f"label {i}", "an invoice")["payment_hash"] for i in range(5)]
    l1.stop()
    (node / "lightningd.sqlite3").rename(node / "lost")
    cli("restore", f"file://{log}", node)
    l1.start()
    assert l1.daemon.is_in_log("Versions match up")
    assert [invoice["payment_hash"] for invoice in l1.rpc.listinvoices()["invoices"]] == invoices
    l1.stop()
    check(node, log)


def test_an_old_database_is_refused(node_factory, backup):
    node, log = backup
    l1 = get_node(node_factory, may_fail=True)
    l1.stop()
    old = (node / "lightningd.sqlite3").read_bytes()
    l1.start()
    l1.rpc.invoice(1000, "label", "an invoice")
    l1.stop()
    (node / "lightningd.sqlite3").write_bytes(old)
    l1.daemon.start(wait_for_initialized=False, stderr_redir=True)
    assert l1.daemon.wait() != 0
    assert l1.daemon.is_in_log("the node's database is older than its backup: it lost some state")
