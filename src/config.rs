//! Settings: one documented struct per concern, read from `deskhand.toml`, then the environment
//! (`DESKHAND_…`), then flags; the later wins. A field that does not exist is refused by name.
