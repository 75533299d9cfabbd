//! Hostile names and texts: whatever somebody wrote, the pages hold it as text.

use super::site;
use crate::town::Town;

/// Texts that would be more than text where somebody forgot them.
const TEXTS: [&str; 7] = [
    r#"<script>document.title=1</script>"#,
    r#"</title></p></main><img src=x onerror=alert(1)>"#,
    r#"\" onmouseover=\"alert(1)"#,
    "&lt;b&gt; &amp; &#60;script&#62;",
    "a\u{202e}txt.exe\u{200b}\u{0007}",
    "Ann Lee <ann@host.example>, mail bob@host.example",
    "`conex` ` <i>`",
];

#[test]
fn hostile_texts_stay_texts() {
    let town = Town::new();
    for (n, text) in TEXTS.iter().enumerate() {
        let dir = town.path("work").join(format!("packages/h{n}/h{n}.1"));
        std::fs::create_dir_all(&dir).unwrap();
        let opam = format!(
            "opam-version: \"2.0\"\nsynopsis: \"{text}\"\nmaintainer: \"{text}\"\nbug-reports: \"b\"\n"
        );
        std::fs::write(dir.join("opam"), opam).unwrap();
        std::fs::create_dir_all(dir.join("files")).unwrap();
        let name = text.replace('/', "_");
        std::fs::write(dir.join("files").join(name.replace('\\', "")), "x").unwrap();
        std::fs::write(town.path("work/packages").join(name.replace('\\', "")), "x").unwrap();
    }
    // Names that some file system takes for one, that mean something, and that need an escape.
    town.ok(
        "release Foo.1; release foo.1; release FOO.1.0~a+b; release con.1; release index.1; release 0ad.1; release c++.1
        printf 'id %s - -\\n' Dave dave con index > ~/owners
        printf 'package %s %s weak - - named:Dave\\n' foo Dave Foo dave c++ con index index >> ~/owners",
    );
    let pages = site(
        &town,
        "--proposal ~/owners --since day-one --contact 'https://host.example/?a=b&c=@d'",
    );
    let told = pages.text("package/p-h0.html");
    assert!(told.contains("<script>document.title=1</script>"), "{told}");
    let told = pages.text("package/p-h4.html");
    assert!(told.contains("a\\u{202e}txt.exe\\u{200b}\\u{7}"), "{told}");
    let told = pages.text("package/p-h5.html");
    assert!(
        told.contains("Ann Lee <(address)>, mail (address)"),
        "{told}"
    );
    for (path, name) in [
        ("package/p-foo.html", "foo"),
        ("package/p-~foo.html", "Foo"),
        ("package/p-~f~o~o.html", "FOO"),
        ("package/p-c~0~0.html", "c++"),
        ("package/p-con.html", "con"),
        ("package/p-index.html", "index"),
        ("person/i-~dave.html", "Dave"),
        ("person/i-dave.html", "dave"),
    ] {
        assert!(pages.text(path).contains(&format!("{name}\n")), "{path}");
        assert!(pages.leads_to(path), "{path}");
    }
    assert!(
        pages
            .text("package/p-~f~o~o.html")
            .contains("1.0~a+b | unsigned")
    );
    // A merge that left both sides in a file is shown as what it is.
    town.ok("printf '<<<<<<< <b>\\n' >> packages/fmt/releases");
    let pages = site(&town, "");
    assert!(pages.text("package/p-fmt.html").contains("error E"));
}
