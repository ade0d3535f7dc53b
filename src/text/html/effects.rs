//! Which of the open elements give their text a part to play.
//!
//! Only those elements are remembered, each with the number of elements of its own name inside, so
//! that every tag costs the same however deep it is nested, and a tag that is never closed, or
//! closed once too often, does no more than end an effect early or late.

use std::collections::HashMap;

use super::wrapper::Wrapper;
use crate::text::document::Role;

/// The open elements with an effect.
#[derive(Debug, Default)]
pub(super) struct Effects {
    open: Vec<Effect>,
    /// For each element name, which of `open` have it, innermost last.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
    quoted: usize,
    header: usize,
    cited: usize,
    signature: usize,
    /// Replies whose quote has ended.
    own: usize,
}

#[derive(Debug)]
struct Effect {
    name: Vec<u8>,
    /// Open elements of this name, from this one inwards.
    depth: usize,
    role: Role,
    /// Gmail's container of a reply: once a quote in it has ended, its text is an answer.
    reply: bool,
}

impl Effects {
    /// What the open elements say of text in them.
    pub(super) fn role(&self) -> Role {
        if self.quoted > 0 {
            Role::Quoted
        } else if self.header > 0 {
            Role::ReplyHeader
        } else if self.signature > 0 {
            Role::Signature
        } else if self.cited > 0 {
            Role::Cited
        } else {
            Role::Own
        }
    }

    /// Whether an element of this name with an effect is open.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether closing an element of this name ends an effect.
    pub(super) fn would_end(&mut self, name: &[u8]) -> bool {
        self.innermost(name).is_some_and(|effect| effect.depth == 1)
    }

    /// An element opens; `wrapper` is what is special about it.
    pub(super) fn open(&mut self, name: &[u8], wrapper: Option<Wrapper>) {
        let (role, reply) = match wrapper {
            Some(Wrapper::Part(role)) => (role, false),
            Some(Wrapper::GmailReply) => (Role::Quoted, true),
            Some(Wrapper::Hidden) | None => {
                if let Some(effect) = self.innermost(name) {
                    effect.depth += 1;
                }
                return;
            }
        };
        *self.count(role) += 1;
        let names = self.by_name.entry(name.to_vec()).or_default();
        names.push(self.open.len());
        self.open.push(Effect { name: name.to_vec(), depth: 1, role, reply });
    }

    /// An element closes.
    pub(super) fn close(&mut self, name: &[u8]) {
        let Some(effect) = self.innermost(name) else {
            return;
        };
        effect.depth -= 1;
        if effect.depth == 0 {
            self.end(name);
        }
    }

    /// Ends the innermost effect of this name, and those inside which were never closed.
    pub(super) fn end(&mut self, name: &[u8]) {
        let Some(&index) = self.by_name.get(name).and_then(|names| names.last()) else {
            return;
        };
        for effect in self.open.split_off(index) {
            *self.count(effect.role) -= 1;
            if let Some(names) = self.by_name.get_mut(&effect.name) {
                names.pop();
                if names.is_empty() {
                    self.by_name.remove(&effect.name);
                }
            }
        }
        if name == b"blockquote"
            && let Some(container) = self.open.last_mut()
            && container.reply
            && container.role == Role::Quoted
        {
            container.role = Role::Own;
            self.quoted -= 1;
            self.own += 1;
        }
    }

    fn innermost(&mut self, name: &[u8]) -> Option<&mut Effect> {
        let &index = self.by_name.get(name)?.last()?;
        self.open.get_mut(index)
    }

    fn count(&mut self, role: Role) -> &mut usize {
        match role {
            Role::Quoted => &mut self.quoted,
            Role::ReplyHeader => &mut self.header,
            Role::Cited => &mut self.cited,
            Role::Signature => &mut self.signature,
            Role::Own => &mut self.own,
        }
    }
}
