"""A client on a machine of its own, asked through the hook's command line: docs/hook.md."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from .cases import Said
from .trees import escape

VERDICTS = {0: "accepted", 1: "rejected", 2: "undecided"}
SECONDS = 60


class Client:
    """A program, and whether it is conex: of others only the verdict is compared."""

    def __init__(self, command, is_conex: bool, full_only: bool):
        self.command, self.is_conex, self.full_only = command, is_conex, full_only


class Home:
    """The home of a user, with the state of the client in it."""

    def __init__(self, client: Client, room: Path):
        self.client, self.room = client, room
        self.state = room / "state"
        (room / "home").mkdir(parents=True)
        self.state.mkdir()

    def asks(self, fields, arguments, known=False) -> Said:
        """What the client says to opam."""
        of = lambda key: fields.get(f"known-{key}", fields[key]) if known else fields[key]
        command = [*self.client.command, *arguments, f"--anchors={of('anchors')}", f"--quorum={of('quorum')}"]
        command += fields.get("args", "").split()
        if self.client.is_conex:
            command.append("--format=json")
        environment = {"HOME": str(self.room / "home"), "XDG_STATE_HOME": str(self.state),
                       "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        environment |= dict(pair.split("=", 1) for pair in fields.get("environment", "").split())
        run = subprocess.run(command, env=environment, cwd=self.room / "home", stdin=subprocess.DEVNULL,
                             capture_output=True, timeout=SECONDS, check=False)
        said = Said(f"{VERDICTS.get(run.returncode, 'undecided')} - - unchanged")
        if self.client.is_conex:
            if run.returncode not in VERDICTS:
                raise RuntimeError(f"it ended with {run.returncode}: {run.stderr[-300:]}")
            findings = json.loads(run.stdout)["findings"] if run.stdout else []
            named = [(finding["code"], escape(finding["path"]) or "-") for finding in findings]
            for said.code, said.resource in named[:1]:
                pass
            said.errors = set(named) or {("-", "-")}
            said.memory = self.remembers() if said.verdict == "accepted" else "unchanged"
        return said

    def memories(self):
        """The files in which conex remembers."""
        found = (self.state / "conex" / "memory").glob("*/*")
        return sorted(path for path in found if len(path.name) == 64)

    def remembers(self) -> str:
        """The one memory, by the first 16 digits of its digest."""
        files = [path.read_bytes() for path in self.memories()]
        digests = sorted(hashlib.blake2b(content, digest_size=32).hexdigest()[:16] for content in files)
        return "+".join(digests) or "unchanged"

    def kept(self):
        """All that the client keeps, to be put back or compared."""
        files = (path for path in sorted(self.state.rglob("*")) if path.is_file())
        return {path: path.read_bytes() for path in files if "reports" not in path.parts}

    def remembers_as(self, kept) -> bool:
        """Whether conex remembers what it did when this was kept."""
        before = {path: content for path, content in kept.items() if len(path.name) == 64}
        return before == {path: path.read_bytes() for path in self.memories()}

    def put_back(self, kept):
        shutil.rmtree(self.state)
        self.state.mkdir()
        for path, content in kept.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
