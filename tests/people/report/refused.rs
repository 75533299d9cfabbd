//! What `report` refuses, and what it never touches.

use crate::town::Town;

/// Attack on oneself: a directory that is something else, or the wrong state.
#[test]
fn what_is_refused_is_left_as_it_is() {
    let town = Town::new();
    town.ok("mkdir ~/other; echo mine > ~/other/index.html; mkdir -p ~/mixed; conex report ~/mixed; echo mine > ~/mixed/CNAME");
    for (command, why) in [
        (
            "conex report ~/other",
            "`index.html` is not part of an earlier report",
        ),
        (
            "conex report ~/mixed",
            "`CNAME` is not part of an earlier report",
        ),
        ("conex report site", "lies in the repository"),
        ("conex report packages/site", "lies in the repository"),
        ("conex report ~/new --since nothing", "nothing"),
        (
            "conex report ~/new --contact javascript:alert",
            "no address of the web",
        ),
        ("conex report ~/new --proposal repo", "line 1 of the table"),
        (
            "ln -s ~/mixed ~/link; rm ~/mixed/CNAME; ln -s x ~/mixed/person/i-x.html; conex report ~/link",
            "`person/i-x.html` is not part",
        ),
    ] {
        town.fails(command, why);
    }
    town.ok("test \"$(cat ~/other/index.html)\" = mine; test $(ls ~/other | wc -l) = 1; test -z \"$(git status --porcelain)\"");
    // Another repository has nothing to compare with.
    town.ok("mkdir ~/second; cp -r packages repo ~/second; cd ~/second; rm -rf packages/.conex packages/*/authorisation packages/*/releases packages/*/*/checksum
        by jd conex init --name second --alone jd --snapshot optional --yes");
    town.fails("conex report ~/new --since ~/second", "another repository");
    town.fails(
        "cd ~/second; rm -r packages/.conex; conex report ~/new",
        "E",
    );
}
