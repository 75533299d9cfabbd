//! The reader and printer of opam-file syntax on their own: round trips, places,
//! messages, and hostile input.

use std::borrow::Cow;
use std::sync::mpsc;
use std::time::Duration;

use conex_verify::format::syntax::{
    EnvOp, Field, File, Item, LogOp, Name, Operator, PfxOp, RelOp, Section, Span, Value, ValueKind,
    parse, parse_value, print, print_value,
};
use proptest::prelude::*;

const SAMPLE: &[u8] = include_bytes!("../../../../tests/support/syntax/sample.opam");

// --------------------------------------------------------------- trees made up

/// No place: such trees were not read.
const NOWHERE: Span = Span { start: 0, end: 0 };

fn node(kind: ValueKind<'static>) -> Value<'static> {
    Value {
        kind,
        span: NOWHERE,
    }
}

fn operator<T>(op: T) -> Operator<T> {
    Operator { op, span: NOWHERE }
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "os",
        "with-test",
        "a:b",
        "_+x",
        "x+_+y:z",
        "9z",
        "-a",
        "truest",
    ])
}

fn bytes() -> impl Strategy<Value = Cow<'static, [u8]>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        "[\"\\\\\n\r x0-9#(*)]{0,8}".prop_map(String::into_bytes),
    ]
    .prop_map(Cow::Owned)
}

fn atom() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<bool>().prop_map(ValueKind::Bool),
        (-(1_i64 << 62)..1_i64 << 62).prop_map(ValueKind::Int),
        bytes().prop_map(ValueKind::String),
        name().prop_map(ValueKind::Ident),
    ]
    .prop_map(node)
}

fn relop() -> impl Strategy<Value = Operator<RelOp>> {
    use RelOp::{Eq, Geq, Gt, Leq, Lt, Neq};
    prop::sample::select(vec![Eq, Geq, Gt, Leq, Lt, Neq]).prop_map(operator)
}

fn envop() -> impl Strategy<Value = Operator<EnvOp>> {
    use EnvOp::{ColonEq, EqColon, EqPlus, EqPlusEq, PlusEq};
    prop::sample::select(vec![ColonEq, EqColon, EqPlus, EqPlusEq, PlusEq]).prop_map(operator)
}

fn pfxop() -> impl Strategy<Value = Operator<PfxOp>> {
    prop::sample::select(vec![PfxOp::Not, PfxOp::Defined]).prop_map(operator)
}

/// Any tree that some text has.
fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        4 => atom(),
        1 => (relop(), atom(), atom())
            .prop_map(|(op, a, b)| node(ValueKind::Relop(op, Box::new([a, b])))),
        1 => (envop(), atom(), atom())
            .prop_map(|(op, a, b)| node(ValueKind::EnvBinding(op, Box::new([a, b])))),
        1 => (relop(), atom()).prop_map(|(op, a)| node(ValueKind::PrefixRelop(op, Box::new(a)))),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let values = || prop::collection::vec(inner.clone(), 0..4).prop_map(apart);
        let chain = || prop::collection::vec(inner.clone(), 2..5);
        prop_oneof![
            values().prop_map(|v| node(ValueKind::List(v))),
            values().prop_map(|v| node(ValueKind::Group(v))),
            (inner.clone(), values())
                .prop_map(|(v, o)| node(ValueKind::Option(Box::new(tight(v, 3)), o))),
            (pfxop(), inner.clone())
                .prop_map(|(op, v)| node(ValueKind::Pfxop(op, Box::new(tight(v, 2))))),
            chain().prop_map(|v| node(ValueKind::Logop(
                LogOp::And,
                v.into_iter().map(|v| tight(v, 2)).collect()
            ))),
            chain().prop_map(|v| node(ValueKind::Logop(
                LogOp::Or,
                v.into_iter().map(|v| tight(v, 1)).collect()
            ))),
        ]
    })
}

/// Puts parentheses around what binds less than `level`.
fn tight(value: Value<'static>, level: u8) -> Value<'static> {
    let own = match &value.kind {
        ValueKind::Logop(LogOp::Or, _) => 0,
        ValueKind::Logop(LogOp::And, _) => 1,
        ValueKind::Pfxop(..) => 2,
        _ => 3,
    };
    if own < level {
        node(ValueKind::Group(vec![value]))
    } else {
        value
    }
}

/// Puts parentheses where `a` and then `= b` would read as `a = b`.
fn apart(values: Vec<Value<'static>>) -> Vec<Value<'static>> {
    let mut out: Vec<Value<'static>> = Vec::new();
    for value in values {
        let joins = out.last().is_some_and(ends_bare) && starts_bare(&value);
        out.push(if joins { tight(value, 9) } else { value });
    }
    out
}

fn ends_bare(value: &Value<'_>) -> bool {
    match &value.kind {
        ValueKind::Bool(_) | ValueKind::Int(_) | ValueKind::String(_) | ValueKind::Ident(_) => true,
        ValueKind::Logop(_, operands) => operands.last().is_some_and(ends_bare),
        ValueKind::Pfxop(_, inner) => ends_bare(inner),
        _ => false,
    }
}

fn starts_bare(value: &Value<'_>) -> bool {
    match &value.kind {
        ValueKind::PrefixRelop(..) => true,
        ValueKind::Option(inner, _) => starts_bare(inner),
        ValueKind::Logop(_, operands) => operands.first().is_some_and(starts_bare),
        _ => false,
    }
}

fn items() -> impl Strategy<Value = Vec<Item<'static>>> {
    let named = || {
        name().prop_map(|text| Name {
            text,
            span: NOWHERE,
        })
    };
    let field = (named(), value()).prop_map(|(name, value)| Item::Field(Field { name, value }));
    let items = prop::collection::vec(field, 0..3);
    items.prop_recursive(3, 12, 3, move |inner| {
        prop::collection::vec(
            (named(), prop::option::of(bytes()), inner).prop_map(|(kind, name, items)| {
                Item::Section(Section {
                    kind,
                    name,
                    items,
                    span: NOWHERE,
                })
            }),
            0..3,
        )
    })
}

fn shown(value: &Value<'_>) -> String {
    let mut out = String::new();
    crate::syntax_support::dump::put_value(&mut out, value);
    out
}

// ------------------------------------------------------------------ properties

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// A pinned field is compared as text: the text must hold all of the value.
    #[test]
    fn reading_a_printed_value_gives_the_value(value in value()) {
        let text = print_value(&value);
        let again = parse_value(&text).expect("what was printed can be read");
        prop_assert_eq!(shown(&again), shown(&value));
        prop_assert_eq!(print_value(&again), text.clone());
        prop_assert!(!text.contains(&b'\n'));
    }

    #[test]
    fn reading_a_printed_file_gives_the_file(items in items()) {
        let text = print(&File { items: items.clone() });
        let again = parse(&text).expect("what was printed can be read");
        prop_assert_eq!(crate::syntax_support::dump::dump(&again.items), crate::syntax_support::dump::dump(&items));
        prop_assert_eq!(print(&again), text);
    }

    /// A server can send anything: no bytes may end the process, and a place
    /// that a message points at is in the file.
    #[test]
    fn any_bytes_are_read_or_refused(
        text in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            "a: [\\[\\](){}\"\\\\a1_+:=<>!?&|~# \n\r*-]{0,64}".prop_map(String::into_bytes),
        ],
    ) {
        if let Err(error) = parse(&text) {
            let span = error.span();
            prop_assert!(span.start <= span.end && span.end <= text.len());
            let message = error.to_string();
            prop_assert!(message.len() < 400);
            prop_assert!(message.chars().all(|c| !c.is_control()), "{:?}", message);
        }
    }
}

/// A signed text that is cut short must not read as another one that is shorter:
/// an open bracket, brace, string or comment is never closed by the end.
#[test]
fn files_cut_inside_a_bracket_are_refused() {
    let text = b"a: [\"x\" (y) {z}] s { b: \"\"\"t\"\"\" (* c *) }";
    for end in 4..text.len() {
        let cut = &text[..end];
        assert_eq!(parse(cut).is_ok(), end == 16 || end == 17, "{cut:?}");
    }
}

/// A caret in a message must stand where the value is: the text of each node's
/// place reads as the node.
#[test]
fn every_place_holds_its_node() {
    let mut random = crate::syntax_support::material::Random(7);
    let mut texts: Vec<_> = (0..3_000)
        .map(|_| crate::syntax_support::material::grammatical(&mut random))
        .collect();
    texts.push(SAMPLE.to_vec());
    let mut nodes = 0;
    for text in &texts {
        if let Ok(file) = parse(text) {
            nodes += check_items(text, &file.items);
        }
    }
    assert!(nodes > 20_000, "{nodes}");
}

fn at(text: &[u8], span: Span) -> &[u8] {
    &text[span.start..span.end]
}

fn check_items(text: &[u8], items: &[Item<'_>]) -> usize {
    let mut nodes = 0;
    for item in items {
        nodes += match item {
            Item::Field(field) => {
                assert_eq!(at(text, field.name.span), field.name.text.as_bytes());
                check_value(text, &field.value)
            }
            Item::Section(section) => {
                assert_eq!(at(text, section.kind.span), section.kind.text.as_bytes());
                let mut again = parse(at(text, section.span)).unwrap().items;
                assert_eq!(again.len(), 1);
                let again = crate::syntax_support::dump::dump(&[again.remove(0)]);
                assert_eq!(
                    again,
                    crate::syntax_support::dump::dump(std::slice::from_ref(item))
                );
                check_items(text, &section.items)
            }
        };
    }
    nodes
}

fn check_value(text: &[u8], value: &Value<'_>) -> usize {
    let own = at(text, value.span);
    assert!(!own.first().unwrap().is_ascii_whitespace());
    assert!(!own.last().unwrap().is_ascii_whitespace());
    assert_eq!(shown(&parse_value(own).unwrap()), shown(value));
    let operator = |span, op: &str| {
        let found = at(text, span);
        assert!(found == op.as_bytes() || (op == ">=" && found == b"~"));
    };
    let below: Vec<&Value<'_>> = match &value.kind {
        ValueKind::List(values) | ValueKind::Group(values) | ValueKind::Logop(_, values) => {
            values.iter().collect()
        }
        ValueKind::Option(inner, values) => values.iter().chain([&**inner]).collect(),
        ValueKind::Relop(op, sides) => {
            operator(op.span, op.op.as_str());
            sides.iter().collect()
        }
        ValueKind::EnvBinding(op, sides) => {
            operator(op.span, op.op.as_str());
            sides.iter().collect()
        }
        ValueKind::PrefixRelop(op, inner) => {
            operator(op.span, op.op.as_str());
            vec![inner]
        }
        ValueKind::Pfxop(op, inner) => {
            operator(op.span, op.op.as_str());
            vec![inner]
        }
        _ => vec![],
    };
    1 + below
        .iter()
        .map(|value| check_value(text, value))
        .sum::<usize>()
}

// --------------------------------------------------------------- hostile input

/// Runs on half the stack that a thread usually has (without optimisation, the
/// deepest tree needs a quarter), and gives up after a time that only a cost above linear needs.
fn confined(what: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            what();
            done.send(()).unwrap();
        })
        .unwrap();
    wait.recv_timeout(Duration::from_secs(60))
        .expect("done in time");
}

/// A chain of operators is as deep as it is long in a tree of pairs; reading,
/// copying, comparing, printing or freeing one must not exhaust the stack.
#[test]
fn long_chains_need_no_stack() {
    for piece in ["x & ", "x | ", "x & x | "] {
        confined(move || {
            let text = format!("{}x", piece.repeat(200_000)).into_bytes();
            let value = parse_value(&text).unwrap();
            assert_eq!(value.clone(), value);
            assert_eq!(print_value(&value), text);
        });
    }
}

/// The same for the deepest trees there can be, of every kind; and one level
/// more is refused, as is any number of levels more.
#[test]
fn deepest_trees_need_little_stack() {
    let limit = conex_verify::limits::MAX_SYNTAX_DEPTH;
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("!", ""),
        ("? ", ""),
        ("x {", "}"),
        ("(x | x & !", ")"),
    ] {
        confined(move || {
            let text = |n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
            let levels = if open.len() > 5 { 4 } else { 1 };
            let deepest = text((limit - 1) / levels);
            let value = parse_value(deepest.as_bytes()).unwrap();
            assert_eq!(value.clone(), value);
            assert_eq!(
                shown(&parse_value(&print_value(&value)).unwrap()),
                shown(&value)
            );
            assert!(format!("{value:?}").len() > limit);
            for more in [1, 2, 1_000_000] {
                let deeper = text((limit - 1) / levels + more);
                let error = parse_value(deeper.as_bytes()).unwrap_err();
                assert!(error.to_string().contains("levels of nesting"));
            }
        });
    }
}

/// Where a lexer looks ahead, repeating what it looks at makes it quadratic;
/// opam-file-format's own is, for the first of these.
#[test]
fn repetition_costs_linear_time() {
    for (start, piece) in [
        ("a: [", "1-"),
        ("a: [", "1-1_"),
        ("a: [", "a:1-"),
        ("a: [", "a+_1-"),
        ("a: ", "x+"),
        ("", "(*"),
        ("", "(*)"),
        ("a: \"\"\"", "\"\" "),
        ("a: \"\"\"", "\\\n "),
        ("a: \"", "\r"),
        ("a: ", "_"),
        ("a: ", "-"),
        ("a: [", "(* *)"),
    ] {
        confined(move || {
            let text = format!("{start}{}", piece.repeat(300_000));
            drop(parse(text.as_bytes()));
        });
    }
}

// -------------------------------------------------------------------- messages

/// Somebody with a typing error sees where it is and what would have been right.
#[test]
fn messages_say_where_and_what() {
    for (text, place, message) in [
        (
            "a: [\n  \"x\"\n",
            (3, 1),
            "expected a value or `]`, found the end of the file",
        ),
        ("a: [\"x\" )", (1, 9), "expected a value or `]`, found `)`"),
        ("a: (b ]", (1, 7), "expected a value or `)`, found `]`"),
        (
            "a: b\n   c\nd: e",
            (3, 1),
            "expected `:`, `{` or a section's name in quotes, found the name `d`",
        ),
        (
            "s {\n  a: b\n",
            (3, 1),
            "expected a field, a section or `}`, found the end of the file",
        ),
        (
            "a: b }",
            (1, 6),
            "expected a field, a section or the end of the file, found `}`",
        ),
        ("a: &", (1, 4), "expected a value, found `&`"),
        (
            "a: b &\n",
            (2, 1),
            "expected a value, found the end of the file",
        ),
        ("a: b += !c", (1, 9), "expected a value, found `!`"),
        (
            "a: \"b\n\n",
            (1, 4),
            "expected `\"` at the end of this string, found the end of the file",
        ),
        (
            "a: \"\"\"b\"\"\\",
            (1, 4),
            "expected `\"\"\"` at the end of this string, found the end of the file",
        ),
        (
            "a: b (* c (* *)",
            (1, 6),
            "expected `*)` at the end of this comment, found the end of the file",
        ),
        (
            "a: 4611686018427387904",
            (1, 4),
            "expected an integer from -2^62 to 2^62-1, found `4611686018427387904`",
        ),
        (
            "a: b;",
            (1, 5),
            "expected a name, a value or an operator, found `;`",
        ),
        (
            "a: b\u{1b}",
            (1, 5),
            "expected a name, a value or an operator, found the byte 0x1b",
        ),
        ("a: b =:= c", (1, 6), "expected an operator, found `=:=`"),
        (
            "a: b\nopam-version: \"2.1\"",
            (2, 15),
            "expected an `opam-version` above 2.0 to be the first field, found it below another",
        ),
        (
            "opam-version: \"2.1\" opam-version: \"2.0\"",
            (1, 35),
            "expected a single field `opam-version`, found it again",
        ),
    ] {
        let error = parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.to_string(), message, "{text:?}");
        assert_eq!(error.line_column(text.as_bytes()), place, "{text:?}");
    }
    let error = parse(b"a: \"x\\qy\"").unwrap_err();
    assert_eq!((error.span().start, error.span().end), (5, 7));
    assert!(error.to_string().ends_with("found a backslash and `q`"));
}

/// The canonical text, for people who pin a field by hand.
#[test]
fn printed_values_have_one_form() {
    for (text, printed) in [
        (
            " [ \"a\"\"b\"{ <\"1\"&>= \"2\" } ] # c",
            r#"["a" "b" {< "1" & >= "2"}]"#,
        ),
        ("a~b", "a >= b"),
        ("! =b", "! = b"),
        ("!? a{b}", "!?a {b}"),
        ("( ) ", "()"),
        ("007", "7"),
        ("-0", "0"),
        ("1_000", "1000"),
        (
            "\"\"\"\"q\" \\x7f\\000\\b\t\r\n\u{e9}'\"\"\"",
            "\"\\\"q\\\" \\x7f\\x00\\b\\t\\n\u{e9}'\"",
        ),
    ] {
        let value = parse_value(text.as_bytes()).expect(text);
        assert_eq!(String::from_utf8(print_value(&value)).unwrap(), printed);
    }
}
