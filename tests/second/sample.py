"""A small signed repository, made with conex, in the stages that it went through."""

import os
import shutil
import subprocess

JANITORS, AUTHORS = ("ann", "bob", "cyd", "fay"), ("dan", "eve")


class Sample:
    """`stages` are trees (maps from path to bytes), the last one under a snapshot; `published` is its other form."""

    def __init__(self, conex, fixtures, place):
        self.conex, self.root = conex, os.path.join(place, "sample")
        self.environment = dict(os.environ, CONEX_HOME=os.path.join(place, "home"), HOME=place, CI="yes",
                                XDG_STATE_HOME=os.path.join(place, "state"), SSH_AUTH_SOCK="",
                                GIT_CONFIG_GLOBAL="/dev/null", GIT_CEILING_DIRECTORIES=place)
        self.keys = os.path.join(place, "home", "keys")
        self.stages = []
        shutil.copytree(os.path.join(fixtures, "small-repository"), self.root)
        for name in JANITORS + AUTHORS:
            self.run("key", "new", name, "--no-passphrase")
        self.grow()
        self.anchors = self.run("anchors").strip()
        www = os.path.join(place, "www")
        self.run("publish", "--to", www, "--anchors", self.anchors, "--as", "ann", "--yes", "--nostrict")
        self.published = read_files(www)
        self.archive = self.published.pop("index.tar.gz")

    def run(self, *words):
        done = subprocess.run([self.conex, *words], cwd=self.root, env=self.environment, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"conex {' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def approve(self, *names):
        for name in names:
            self.run("approve", "--as", name, "--yes")

    def sign(self, name, *packages):
        self.run("sign", *packages, "--as", name, "--yes", "--allow-weak-checksums")

    def keep(self):
        self.stages.append(read_files(self.root))

    def path(self, name):
        return os.path.join(self.root, name)

    def edit(self, name, text):
        with open(self.path(name), "a", encoding="utf-8") as file:
            file.write(text)

    def grow(self):
        janitors = [word for name in JANITORS[:3] for word in ("--janitor", name)]
        self.run("init", "--name", "sample", "--quorum", "2", *janitors, "--snapshot", "optional", "--yes")
        self.approve("ann", "bob", "cyd")
        self.keep()
        for name in AUTHORS:
            self.run("join", name, "--as", name, "--yes")
        self.approve("ann", "bob")
        self.keep()
        self.run("team", "add", "crew", "dan", "eve", "--yes")
        self.run("team", "add", "notaries", "ann", "bob", "dan", "--yes")
        for owner, package in (("dan", "fmt"), ("crew", "logs"), ("eve", "astring"), ("ann", "fpath")):
            self.run("owner", "add", owner, package, "--yes")
        self.approve("ann", "bob")
        self.sign("dan", "fmt")
        self.sign("eve", "astring", "logs")
        self.sign("ann", "fpath")
        self.keep()
        self.edit("packages/fmt/fmt.0.10.0/opam", 'x-note: "an edit"\n')
        os.mkdir(self.path("packages/fmt/fmt.0.9.0/files"))
        self.edit("packages/fmt/fmt.0.9.0/files/a.patch", "a patch\n")
        self.sign("dan", "fmt")
        shutil.rmtree(self.path("packages/logs/logs.0.7.0"))
        self.sign("eve", "logs")
        self.keep()
        self.run("claims", "--yes")
        self.approve("bob", "cyd")
        self.keep()
        self.run("janitor", "add", "fay", "--yes")
        self.approve("ann", "bob", "fay")
        self.keep()
        self.run("janitor", "remove", "cyd", "--yes")
        self.approve("ann", "bob", "fay")
        self.edit("packages/fmt/README", "A file that opam does not read.\n")
        self.run("epoch", "fmt", "--yes")
        self.approve("ann", "fay")
        self.sign("dan", "fmt")
        self.keep()
        self.run("snapshot", "--as", "ann", "--yes")
        self.keep()


def read_files(root):
    found = {}
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if name != ".git"]
        for name in files:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found
