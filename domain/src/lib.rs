//! What is true without HTTP, SQL or a browser.
