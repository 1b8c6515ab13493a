# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(compile_fuzz SOURCES compile_fuzz.cc DEPS sluice_sig_bundle sluice_sig_compile sluice_hs_compile)
