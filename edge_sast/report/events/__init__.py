"""Pictures of events: contact sheets, moving pictures, a page that plays them."""
