//! What helpdesks call the priorities.

use super::Product;
use crate::config::{Priority, TicketFields};

/// What a priority is called in a ticket of the helpdesk: by the settings, else as the product ships.
///
/// Zendesk knows urgent, high, normal and low, Freshdesk the numbers 4 to 1, Zammad three priorities, so that P1
/// and P2 are one there.
pub fn written(product: Product, fields: &TicketFields, priority: Priority) -> String {
    if let Some(named) = fields.priority_values.get(&priority) {
        return named.clone();
    }
    let names = match product {
        Product::Zendesk => ["urgent", "high", "normal", "low"],
        Product::Zammad => ["3 high", "3 high", "2 normal", "1 low"],
        Product::Freshdesk => ["4", "3", "2", "1"],
        Product::Generic => ["P1", "P2", "P3", "P4"],
    };
    names[priority as usize].to_owned()
}

/// The priority that a value stands for; `None` where it stands for none, or for several.
pub fn read(product: Product, fields: &TicketFields, value: &str) -> Option<Priority> {
    let value = match (product, value.trim().to_lowercase().as_str()) {
        // Its webhooks say the word, its API the number.
        (Product::Freshdesk, "urgent") => "4".to_owned(),
        (Product::Freshdesk, "high") => "3".to_owned(),
        (Product::Freshdesk, "medium") => "2".to_owned(),
        (Product::Freshdesk, "low") => "1".to_owned(),
        (_, other) => other.to_owned(),
    };
    let mut fitting = Priority::ALL
        .into_iter()
        .filter(|priority| written(product, fields, *priority).to_lowercase() == value);
    let first = fitting.next()?;
    if fitting.next().is_some() { None } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_the_one_priority_that_is_written_so() {
        let fields = TicketFields::default();
        assert_eq!(read(Product::Zendesk, &fields, "URGENT"), Some(Priority::P1));
        assert_eq!(read(Product::Freshdesk, &fields, "Medium"), Some(Priority::P3));
        assert_eq!(read(Product::Freshdesk, &fields, "2"), Some(Priority::P3));
        assert_eq!(read(Product::Zammad, &fields, "2 normal"), Some(Priority::P3));
        assert_eq!(read(Product::Zammad, &fields, "3 high"), None, "P1 or P2");
        assert_eq!(read(Product::Zendesk, &fields, "whatever"), None);
    }

    #[test]
    fn a_site_may_call_them_otherwise() {
        let fields = TicketFields {
            priority_values: [(Priority::P1, "4 urgent".into())].into(),
            ..TicketFields::default()
        };
        assert_eq!(written(Product::Zammad, &fields, Priority::P1), "4 urgent");
        assert_eq!(read(Product::Zammad, &fields, "3 high"), Some(Priority::P2));
    }
}
