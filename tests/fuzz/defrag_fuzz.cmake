# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(defrag_fuzz SOURCES defrag_fuzz.cc DEPS sluice_defrag sluice_decode)
