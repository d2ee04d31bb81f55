"""Reports without a language model: simple published algorithms for English and Russian, pure Python.

Summary: LexRank (Erkan and Radev 2004) over pieces of utterances, without near repeats (maximal marginal
relevance, Carbonell and Goldstein 1998). Key phrases: RAKE (Rose et al. 2010) over word stems. Talk: counting.
"""
