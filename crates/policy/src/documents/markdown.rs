//! A document as one file to keep (0-a.S3): markdown with heading anchors.

use super::{Block, Document, DocumentKind, Inline, Target};
use crate::Language;
use std::fmt::Write;

impl Document {
    /// The download. Links to other documents are relative to the folder where all of them lie.
    pub fn to_markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n\n", escape(&self.title), self.dates());
        for section in &self.sections {
            let depth = "#".repeat(1 + section.level as usize);
            let number = if section.number.is_empty() { String::new() } else { format!("{} ", section.number) };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{depth} {number}{} {{#{}}}\n", escape(&section.heading), section.id);
            for block in &section.blocks {
                block_to(&mut out, block, self.language);
            }
        }
        out
    }

    /// Edition and dates in one line.
    pub fn dates(&self) -> String {
        let edition = self.edition;
        match self.language {
            Language::En => {
                format!("Edition {} · updated {} · effective {}", edition.version, edition.updated, edition.effective)
            }
            Language::Zh => format!(
                "第 {} 版 · 更新日期：{} · 生效日期：{}",
                edition.version,
                chinese(edition.updated),
                chinese(edition.effective)
            ),
        }
    }
}

/// A date as a Chinese document writes it.
pub(super) fn chinese(date: jiff::civil::Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// A date as documents write it.
pub(super) fn date(date: jiff::civil::Date, language: Language) -> String {
    match language {
        Language::En => date.to_string(),
        Language::Zh => chinese(date),
    }
}

fn block_to(out: &mut String, block: &Block, language: Language) {
    match block {
        Block::Paragraph(text) => out.push_str(&inlines(text)),
        Block::Note(text) => {
            out.push_str("> ");
            out.push_str(&inlines(text));
        }
        Block::List(items) => {
            let lines: Vec<_> = items.iter().map(|item| format!("- {}", inlines(&item.text))).collect();
            out.push_str(&lines.join("\n"));
        }
        Block::Table(table) => {
            if !table.caption.is_empty() {
                out.push_str(&escape(&table.caption));
                out.push_str("\n\n");
            }
            let head: Vec<_> = table.head.iter().map(|cell| escape(cell)).collect();
            let rule = vec!["---"; head.len()];
            let mut lines = vec![format!("| {} |", head.join(" | ")), format!("| {} |", rule.join(" | "))];
            for row in &table.rows {
                let cells: Vec<_> = row.iter().map(|cell| inlines(cell)).collect();
                lines.push(format!("| {} |", cells.join(" | ")));
            }
            out.push_str(&lines.join("\n"));
        }
        Block::Entry(entry) => {
            let colon = if language == Language::Zh { "：" } else { ": " };
            let mut lines = vec![format!("- {}", inlines(&entry.says))];
            for fact in &entry.facts {
                lines.push(format!("    - {}{colon}{}", escape(&fact.label), inlines(&fact.text)));
            }
            out.push_str(&lines.join("\n"));
        }
    }
    out.push_str("\n\n");
}

fn inlines(pieces: &[Inline]) -> String {
    pieces.iter().map(inline).collect()
}

fn inline(piece: &Inline) -> String {
    match piece {
        Inline::Text(text) => escape(text),
        Inline::Marked(text) => {
            // Markdown does not close emphasis between a full stop and a letter, which in Chinese are often neighbours.
            let inside = text.trim_end_matches(['。', '；', '：', '，', '.', ';', ':', ',', ' ']);
            format!("**{}**{}", escape(inside), escape(&text[inside.len()..]))
        }
        Inline::Link { to, text } => match to {
            // Only headings carry anchors in markdown.
            Target::Here(id) if !id.starts_with("s-") => escape(text),
            Target::Here(id) => format!("[{}](#{id})", escape(text)),
            Target::Document(kind, id) => format!("[{}]({})", escape(text), file(*kind, id.as_deref())),
            Target::Mail(address) => format!("[{}](mailto:{address})", escape(text)),
        },
    }
}

fn file(kind: DocumentKind, id: Option<&str>) -> String {
    let anchor = id.map(|id| format!("#{id}")).unwrap_or_default();
    format!("{}.md{anchor}", kind.slug())
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '`' | '#') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}
