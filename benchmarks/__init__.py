"""How fast planning is and how well each policy chooses; never installed."""
