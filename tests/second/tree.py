"""Reading a repository, from a directory or an archive: V0.1 and V0.2."""

import os
import stat

import archive
from archive import MOST_BYTES, MOST_DEPTH, MOST_ENTRIES, MOST_FILE, Refused, name_problem, parents
from findings import lower, on_disk


class Tree:
    """A map from path to bytes, and the directories without files."""

    def __init__(self):
        self.files, self.directories, self.is_archive, self.whole = {}, set(), False, True
        self.named = set()  # what an archive names itself

    def empty_directories(self):
        filled = set()
        for path in self.files:
            filled.update(parents(path))
        return sorted(self.directories - filled)

    def below(self, directory):
        """The files below a directory, by their path in it."""
        return {path[len(directory):]: data for path, data in self.files.items()
                if path.startswith(directory)}


def read(place, findings):
    if os.path.isdir(place):
        tree = read_directory(place, findings)
    else:
        tree = archive.read(place, Tree(), findings)
    check_names(tree, findings)
    return tree


# Directories.

def read_directory(root, findings):
    tree = Tree()
    left = [""]
    total = entries = 0
    while left:
        directory = left.pop()
        for entry in sorted(os.scandir(os.path.join(root, directory)), key=lambda entry: entry.name):
            path = directory + "/" + entry.name if directory else entry.name
            entries += 1
            if entries > MOST_ENTRIES:
                raise Refused("V0.5", "E004", "", "too many files and directories")
            problem = name_problem(path)
            state = entry.stat(follow_symlinks=False)
            if path == ".git":
                if stat.S_ISLNK(state.st_mode):  # hook.md, D13: nothing else of a `.git` is looked at
                    findings.error("V0.1", "E001", path, "a link")
                continue
            if problem:
                findings.error("V0.1", "E001", path, problem)
            elif stat.S_ISDIR(state.st_mode):
                if state.st_mode & 0o700 != 0o700:  # hook.md, D10
                    findings.error("V0.1", "E001", path, "a directory that opam cannot change")
                elif path.count("/") >= MOST_DEPTH:
                    findings.error("V0.1", "E001", path, "too many directories one below the other")
                else:
                    tree.directories.add(path)
                    left.append(path)
            elif not stat.S_ISREG(state.st_mode):
                findings.error("V0.1", "E001", path, "neither a file nor a directory")
            elif state.st_nlink != 1:
                findings.error("V0.1", "E001", path, "a file with a second name")
            elif state.st_mode & 0o600 != 0o600:
                findings.error("V0.1", "E001", path, "a file that opam cannot change")
            elif state.st_size > MOST_FILE:
                findings.error("V0.1", "E001", path, "too large")
            else:
                total += state.st_size
                if total > MOST_BYTES:
                    raise Refused("V0.5", "E004", "", "more bytes than a reader takes")
                with open(os.path.join(root, path), "rb") as file:
                    tree.files[path] = file.read()
    return tree


# Names.

OWN_NAMES = {"packages", "repo", ".git", ".gitignore", ".gitattributes"}


def check_names(tree, findings):
    """V0.2. A directory without files collides with nothing, but at the top."""
    seen = {}
    filled = {parent for path in tree.files for parent in parents(path)}
    for path in sorted(filled.union(tree.files, (path for path in tree.directories if "/" not in path))):
        other = seen.setdefault(lower(path), path)
        if other != path:
            findings.error("V0.2", "E003", path, "differs only in case from " + other)
        if "/" not in path and path not in OWN_NAMES and on_disk(path) in OWN_NAMES:
            findings.error("V0.2", "E003", path, "is another name of one of Conex on some file systems")
