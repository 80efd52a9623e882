"""Reading for pages (页面查询): one file per page, at most 15 SQL statements a page."""
