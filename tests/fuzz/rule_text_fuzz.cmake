# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(rule_text_fuzz SOURCES rule_text_fuzz.cc DEPS sluice_sig_semantic)
