"""Every error that the office may read, under one root. A test holds this tree against the code.

HuiyingError: one Chinese line: what is wrong and how to mend it
(config.settings.SettingsError stands apart: config lies below this room)
├── crawlers.evidence.EvidenceError                      An archived page that cannot be shown; the message says why
├── crawlers.extraction.evaluate.EvaluationRefused       The annotated pages cannot be read
├── crawlers.source.SourceError                          A source file or a source's name is wrong; the message says which and how to mend it
├── crawlers.troubles.SourceTrouble                      The run of one source stops here. `reason` goes to the ledger, `detail` says more
├── crawlers.troubles.PageTrouble                        One page could not be had or understood; the source's run goes on
├── dashboards.briefings.content.UnprovenError           A sentence that nothing proves and nobody signs
├── dashboards.watches.WatchRefused                      The question cannot be kept as a rule
├── pipeline.alerts.commands.SpanError                   A span of time that cannot be read
├── pipeline.alerts.feedback.FeedbackRefused             The word cannot be taken: the message says why
├── pipeline.alerts.routing.RoutingError                 config/routing.toml cannot be used: file, key and value
├── pipeline.alerts.rule_file.RulesError                 The rule file cannot be used: file, line, what is wrong, and the words that are allowed there
├── pipeline.analysis.district.DistrictError             A file of the district's configuration is missing or wrong
├── pipeline.analysis.gazetteer.GazetteerError           The district cannot be found, or the gazetteer is not installed
├── pipeline.analysis.sentiment.EngineUnknown            A sentiment engine of that name does not exist
├── pipeline.analysis.sentiment_sets.LabelsRefused       A labelled file that cannot be used
├── pipeline.analysis.train_topic.TrainingRefused        The labelled file cannot be used
├── pipeline.cases.refusal.Refused                       An action the rules do not allow; the message is one Chinese line that says why and what to do inste
├── pipeline.corrections.CorrectionRefused               The change cannot be made as asked
├── pipeline.events.cascades.CascadeError                The files are no cascades: the message says what was expected
├── pipeline.events.countermeasures.CountermeasuresError config/countermeasures.toml cannot be used: file, key and value
├── pipeline.events.hot_list.CurveError                  The file is no hot-search list: the message says what was expected
├── pipeline.events.meaning.MeaningMissing               The model of meanings is not installed: its wheel is for x86-64 with AVX2 only
├── pipeline.events.stage_commands.StageDataMissing      Neither curves nor cascades were given
├── pipeline.events.stage_models.ModelError              A model file is missing or of another version
├── pipeline.events.stage_settings.StageSettingsError    config/stages.toml cannot be read: the message names file, key and value
├── pipeline.executors.NoWorkers                         Nobody is there to do the work; it can be given again later
├── pipeline.importing.ImportRefused                     The file as a whole cannot be read
├── pipeline.notices.links.LinkRefused                   The link was not made here, or its time has passed
├── pipeline.search.port.SearchError                     The index cannot be opened, reached or written
├── pipeline.search.query.QueryError                     The query cannot be understood
├── pipeline.store.accounts.SignInRefused                Why somebody may not come in; it never says which of name and password was wrong
└── pipeline.store.engine.StoreError                     The store cannot be opened, or was written by another version
"""


class HuiyingError(Exception):
    """The message is already the one line that is shown: what is wrong, and how to mend it, in Chinese."""
