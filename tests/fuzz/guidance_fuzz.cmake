# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(guidance_fuzz SOURCES guidance_fuzz.cc DEPS sluice_sig_guidance)
