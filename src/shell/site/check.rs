//! What the site is worth, and how somebody looks for themselves.

use super::frame::{Frame, section};
use super::href::Place;
use super::model::Site;
use crate::hint::Hint;

/// The page.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Check,
    };
    frame.page("Check it", |html| {
        html.of(
            "p",
            &[],
            "This site proves nothing. It was made from a copy of the repository, and whoever made it, \
serves it, or sits on the way to you can write what they like. It shows one state, and the repository \
goes on.",
        );
        section(html, "The state that it shows", |html| {
            html.el("p", &[], |html| frame.state(html));
        });
        section(html, "Look for yourself", |html| {
            html.el("p", &[], |html| html.prose(&Hint::SiteVerify.to_string()));
            html.of(
                "p",
                &[],
                "Anchors are what the janitors hand out for their repository. Take them from a place \
that does not serve this site.",
            );
        });
        section(html, "Words", |html| {
            html.el("dl", &[], |html| {
                for (word, what) in WORDS {
                    html.of("dt", &[], word);
                    html.of("dd", &[], what);
                }
            });
        });
    })
}

/// What the words of the pages mean.
const WORDS: [(&str, &str); 9] = [
    (
        "signed",
        "A quorum says whose the package is, and every file of it is what its owners or a quorum signed.",
    ),
    (
        "not valid",
        "A quorum claims the name, and something does not fit: clients refuse it.",
    ),
    (
        "not approved",
        "Somebody proposed owners or signed releases, and a quorum has not approved who owns it.",
    ),
    (
        "unsigned",
        "Nobody signed anything; whether clients take it is up to them.",
    ),
    (
        "held",
        "A quorum says that it has no owner, and releases it.",
    ),
    (
        "janitor",
        "Somebody of those who keep the repository; a quorum of them decides whose key is whose, and who owns what.",
    ),
    (
        "listed key",
        "A key that stands in the file of a person. It counts when a quorum approved the file and the key has signed something.",
    ),
    (
        "proven key",
        "A key that has signed something, so that whoever has it is that person.",
    ),
    (
        "owner",
        "Whose signature is enough for a release of the package: a person, or each member of a team.",
    ),
];
