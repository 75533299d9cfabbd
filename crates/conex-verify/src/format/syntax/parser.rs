//! The grammar: opam-file-format's, with the precedences that its generated
//! parser has. By descent, and by loops where a chain has no bound; the depth
//! of the descent, and so of the tree, is bounded.

use std::borrow::Cow;

use super::ast::{Field, File, Item, LogOp, Name, Operator, PfxOp, Section, Span, Value};
use super::build::{Build, Kind, Nothing, Tree};
use super::error::{SyntaxError, SyntaxErrorKind};
use super::lexer::{Lexer, Token};
use super::version;
use crate::limits::{MAX_SYNTAX_DEPTH, MAX_SYNTAX_VALUES};

/// Reads a whole file.
///
/// # Errors
/// Everything that opam-file-format refuses; besides, more nesting than
/// [`MAX_SYNTAX_DEPTH`], more values than [`MAX_SYNTAX_VALUES`], and a file of a
/// later `opam-version` that is not in this syntax (opam-file-format gives a
/// marker in its place).
pub fn parse(source: &[u8]) -> Result<File<'_>, SyntaxError> {
    parse_part(source, Everything)
}

/// Reads a whole file, and gives the items of it that are wanted, in their order. It may give
/// others as well. What is not wanted is read by the same grammar, and only not built.
///
/// # Errors
/// As [`parse`]: the same ones, at the same places.
pub fn parse_part(source: &[u8], wanted: impl Wanted) -> Result<File<'_>, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let items = parser.items(0, Some(wanted))?;
    if parser.token != Token::End {
        return Err(parser.unexpected("a field, a section or the end of the file"));
    }
    version::check(&items)?;
    Ok(File { items })
}

/// Which items of a file somebody looks at.
pub trait Wanted: Copy {
    /// Whether the field of this name is wanted.
    fn field(self, name: &str) -> bool;

    /// What is wanted of a section of this kind; `None` if it is not wanted at all.
    fn section(self, kind: &str) -> Option<Self>;
}

/// All of it.
#[derive(Debug, Clone, Copy)]
struct Everything;

impl Wanted for Everything {
    fn field(self, _: &str) -> bool {
        true
    }

    fn section(self, _: &str) -> Option<Everything> {
        Some(Everything)
    }
}

/// Reads a text that is one value.
///
/// # Errors
/// As [`parse`]; also anything behind the value.
pub fn parse_value(source: &[u8]) -> Result<Value<'_>, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let value = parser.value::<Tree>(0)?;
    if parser.token != Token::End {
        return Err(parser.unexpected("the end of the value"));
    }
    Ok(value.value)
}

/// A value and how many levels it has: 1 for a string.
struct Tall<V> {
    value: V,
    height: usize,
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The next token, not yet used.
    token: Token<'a>,
    span: Span,
    /// Where the last used token ended.
    end: usize,
    /// The values and sections read.
    count: usize,
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u8]) -> Result<Parser<'a>, SyntaxError> {
        let mut lexer = Lexer::new(source);
        let (token, span) = lexer.next()?;
        Ok(Parser {
            lexer,
            token,
            span,
            end: 0,
            count: 0,
        })
    }

    /// Uses the next token.
    fn advance(&mut self) -> Result<(Token<'a>, Span), SyntaxError> {
        let (token, span) = self.lexer.next()?;
        self.end = self.span.end;
        Ok((
            std::mem::replace(&mut self.token, token),
            std::mem::replace(&mut self.span, span),
        ))
    }

    fn expect(&mut self, token: &Token<'_>, expected: &'static str) -> Result<(), SyntaxError> {
        if self.token == *token {
            self.advance()?;
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        self.error(SyntaxErrorKind::Unexpected {
            expected,
            found: self.token.describe(),
        })
    }

    fn error(&self, kind: SyntaxErrorKind) -> SyntaxError {
        SyntaxError::new(self.span.start, self.span.end, kind)
    }

    /// From `start` to the end of the last used token.
    fn since(&self, start: usize) -> Span {
        Span {
            start,
            end: self.end,
        }
    }

    /// A value of `height` levels in a place with `depth` levels above it.
    fn tall<B: Build>(
        &mut self,
        kind: Kind<'a, B::Value<'a>>,
        start: usize,
        depth: usize,
        height: usize,
    ) -> Result<Tall<B::Value<'a>>, SyntaxError> {
        if depth.saturating_add(height) > MAX_SYNTAX_DEPTH {
            return Err(self.error(SyntaxErrorKind::Depth));
        }
        self.counted()?;
        let value = B::value(kind, self.since(start));
        Ok(Tall { value, height })
    }

    fn counted(&mut self) -> Result<(), SyntaxError> {
        self.count = self.count.saturating_add(1);
        if self.count > MAX_SYNTAX_VALUES {
            return Err(self.error(SyntaxErrorKind::Values));
        }
        Ok(())
    }

    /// Fields and sections, as many as there are; of these the wanted ones.
    fn items<W: Wanted>(
        &mut self,
        depth: usize,
        wanted: Option<W>,
    ) -> Result<Vec<Item<'a>>, SyntaxError> {
        if depth > MAX_SYNTAX_DEPTH {
            return Err(self.error(SyntaxErrorKind::Depth));
        }
        let mut items = Vec::new();
        // The rules about `opam-version` ask for it, and for what is the first item of a file.
        let mut first = depth == 0;
        while let Token::Ident(text) = self.token {
            let (_, span) = self.advance()?;
            let name = Name { text, span };
            let first = std::mem::take(&mut first);
            match self.token {
                Token::Colon => {
                    self.advance()?;
                    let for_version = first || (depth == 0 && text == version::FIELD);
                    if for_version || wanted.is_some_and(|wanted| wanted.field(text)) {
                        let value = self.value::<Tree>(depth)?.value;
                        items.push(Item::Field(Field { name, value }));
                    } else {
                        self.value::<Nothing>(depth)?;
                    }
                }
                Token::LeftBrace | Token::String(_) => {
                    let title = self.title()?;
                    let inner = wanted.and_then(|wanted| wanted.section(text));
                    let section = self.section(name, title, depth, inner)?;
                    if first || inner.is_some() {
                        items.push(Item::Section(section));
                    }
                }
                _ => return Err(self.unexpected("`:`, `{` or a section's name in quotes")),
            }
        }
        Ok(items)
    }

    /// The name of a section, if it has one.
    fn title(&mut self) -> Result<Option<Cow<'a, [u8]>>, SyntaxError> {
        if !matches!(self.token, Token::String(_)) {
            return Ok(None);
        }
        match self.advance()? {
            (Token::String(title), _) => Ok(Some(title)),
            _ => Err(self.unexpected("the name of a section")),
        }
    }

    /// What follows the kind and name of a section.
    fn section<W: Wanted>(
        &mut self,
        kind: Name<'a>,
        name: Option<Cow<'a, [u8]>>,
        depth: usize,
        wanted: Option<W>,
    ) -> Result<Section<'a>, SyntaxError> {
        self.expect(&Token::LeftBrace, "`{`")?;
        self.counted()?;
        let items = self.items(depth.saturating_add(1), wanted)?;
        self.expect(&Token::RightBrace, "a field, a section or `}`")?;
        let span = self.since(kind.span.start);
        Ok(Section {
            kind,
            name,
            items,
            span,
        })
    }

    /// One value: the operands of `|`.
    fn value<B: Build>(&mut self, depth: usize) -> Result<Tall<B::Value<'a>>, SyntaxError> {
        self.chain::<B>(depth, LogOp::Or, &Token::Or, |parser| {
            parser.chain::<B>(depth, LogOp::And, &Token::And, |parser| {
                parser.operand::<B>(depth)
            })
        })
    }

    /// Operands joined by `op`, or a single one.
    fn chain<B: Build>(
        &mut self,
        depth: usize,
        op: LogOp,
        token: &Token<'_>,
        mut operand: impl FnMut(&mut Parser<'a>) -> Result<Tall<B::Value<'a>>, SyntaxError>,
    ) -> Result<Tall<B::Value<'a>>, SyntaxError> {
        let start = self.span.start;
        let first = operand(self)?;
        if self.token != *token {
            return Ok(first);
        }
        let mut height = first.height;
        let mut operands = vec![first.value];
        while self.token == *token {
            self.advance()?;
            let next = operand(self)?;
            height = height.max(next.height);
            operands.push(next.value);
        }
        let kind = Kind::Logop(op, operands);
        self.tall::<B>(kind, start, depth, height.saturating_add(1))
    }

    /// What `&` joins. A prefix operator takes the options behind its operand,
    /// but no `&`.
    fn operand<B: Build>(&mut self, depth: usize) -> Result<Tall<B::Value<'a>>, SyntaxError> {
        let start = self.span.start;
        // Checked on the way down, before the descent.
        if depth >= MAX_SYNTAX_DEPTH {
            return Err(self.error(SyntaxErrorKind::Depth));
        }
        let below = depth.saturating_add(1);
        if let Token::Prefix(op) = self.token {
            let op: Operator<PfxOp> = self.operator(op)?;
            let inner = self.operand::<B>(below)?;
            let height = inner.height.saturating_add(1);
            let kind = Kind::Pfxop(op, inner.value);
            return self.tall::<B>(kind, start, depth, height);
        }
        let mut tall = self.primary::<B>(depth)?;
        while self.token == Token::LeftBrace {
            self.advance()?;
            let (values, height) = self.values::<B>(below)?;
            self.expect(&Token::RightBrace, "a value or `}`")?;
            let height = tall.height.max(height).saturating_add(1);
            let kind = Kind::Option(tall.value, values);
            tall = self.tall::<B>(kind, start, depth, height)?;
        }
        Ok(tall)
    }

    /// A value without `&`, `|`, prefix operator and options of its own.
    fn primary<B: Build>(&mut self, depth: usize) -> Result<Tall<B::Value<'a>>, SyntaxError> {
        let start = self.span.start;
        let below = depth.saturating_add(1);
        match self.token {
            Token::LeftBracket => {
                self.advance()?;
                let (values, height) = self.values::<B>(below)?;
                self.expect(&Token::RightBracket, "a value or `]`")?;
                let height = height.saturating_add(1);
                self.tall::<B>(Kind::List(values), start, depth, height)
            }
            Token::LeftParen => {
                self.advance()?;
                let (values, height) = self.values::<B>(below)?;
                self.expect(&Token::RightParen, "a value or `)`")?;
                let height = height.saturating_add(1);
                self.tall::<B>(Kind::Group(values), start, depth, height)
            }
            Token::Rel(op) => {
                let op = self.operator(op)?;
                let right = self.atom::<B>(below)?;
                let kind = Kind::PrefixRelop(op, right);
                self.tall::<B>(kind, start, depth, 2)
            }
            _ => {
                let left = self.atom::<B>(depth)?;
                match self.token {
                    Token::Rel(op) => {
                        let op = self.operator(op)?;
                        let right = self.atom::<B>(below)?;
                        let kind = Kind::Relop(op, [left, right]);
                        self.tall::<B>(kind, start, depth, 2)
                    }
                    Token::Env(op) => {
                        let op = self.operator(op)?;
                        let right = self.atom::<B>(below)?;
                        let kind = Kind::EnvBinding(op, [left, right]);
                        self.tall::<B>(kind, start, depth, 2)
                    }
                    _ => Ok(Tall {
                        value: left,
                        height: 1,
                    }),
                }
            }
        }
    }

    /// Uses the operator that is the next token.
    fn operator<T>(&mut self, op: T) -> Result<Operator<T>, SyntaxError> {
        let (_, span) = self.advance()?;
        Ok(Operator { op, span })
    }

    /// Values up to something that starts none, and the levels of the tallest.
    fn values<B: Build>(
        &mut self,
        depth: usize,
    ) -> Result<(Vec<B::Value<'a>>, usize), SyntaxError> {
        let mut values = Vec::new();
        let mut height = 0;
        while starts_value(&self.token) {
            let tall = self.value::<B>(depth)?;
            height = height.max(tall.height);
            values.push(tall.value);
        }
        Ok((values, height))
    }

    /// A boolean, an integer, a string or a name.
    fn atom<B: Build>(&mut self, depth: usize) -> Result<B::Value<'a>, SyntaxError> {
        let start = self.span.start;
        if !matches!(
            self.token,
            Token::Bool(_) | Token::Int(_) | Token::String(_) | Token::Ident(_)
        ) {
            return Err(self.unexpected("a value"));
        }
        let (token, span) = self.advance()?;
        let kind = match token {
            Token::Bool(value) => Kind::Bool(value),
            Token::Int(value) => Kind::Int(value),
            Token::String(value) => Kind::String(value),
            Token::Ident(value) => Kind::Ident(value),
            other => {
                let found = other.describe();
                let expected = "a value";
                let kind = SyntaxErrorKind::Unexpected { expected, found };
                return Err(SyntaxError::new(span.start, span.end, kind));
            }
        };
        Ok(self.tall::<B>(kind, start, depth, 1)?.value)
    }
}

fn starts_value(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Bool(_)
            | Token::Int(_)
            | Token::String(_)
            | Token::Ident(_)
            | Token::LeftBracket
            | Token::LeftParen
            | Token::Rel(_)
            | Token::Prefix(_)
    )
}
