"""Opening the index that the settings name: embedded in the data folder, or Elasticsearch."""

from __future__ import annotations

from config.settings import Settings
from pipeline.search.port import SearchIndex


def open_index(settings: Settings) -> SearchIndex:
    """The search index. SearchError when it cannot be opened or reached."""
    if settings.search.engine == "elasticsearch":
        from pipeline.search.elastic import ElasticIndex

        return ElasticIndex(settings.search.urls, settings.search.prefix)
    from pipeline.search.embedded import EmbeddedIndex

    return EmbeddedIndex(settings.data_dir / "index")
