//! The index parser against bytes that lie. Real indexes are compared with git in `tests/it`.
