# SPDX-License-Identifier: Apache-2.0
# What rules mean; needs neither Hyperscan nor the rest of this folder.
sluice_library(sluice_sig_semantic
  SOURCES
    content_text.cc
    event_table.cc
    keyword_action.cc
    keyword_buffer.cc
    keyword_bytes.cc
    keyword_content.cc
    keyword_decode.cc
    keyword_event.cc
    keyword_file.cc
    keyword_dns.cc
    keyword_flow.cc
    keyword_ftp.cc
    keyword_header.cc
    keyword_math.cc
    keyword_metadata.cc
    keyword_notes.cc
    keyword_number.cc
    keyword_packet.cc
    keyword_pcre.cc
    keyword_size.cc
    keyword_ssh.cc
    keyword_state.cc
    keyword_tag.cc
    keyword_threshold.cc
    keyword_tls.cc
    keyword_transform.cc
    semantic.cc
    app_protocols.cc
    semantic_draft.cc
    semantic_finish.cc
    semantic_network.cc
    semantic_options.cc
    semantic_pools.cc
  HEADERS
    content_text.h
    event_table.h
    keyword_handlers.h
    keyword_notes.h
    keyword_number.h
    keyword_pcre.h
    semantic.h
    app_protocols.h
    semantic_draft.h
    words.h
    semantic_finish.h
    semantic_network.h
    semantic_pools.h
  DEPS sluice_sig_lang
  PRIVATE_DEPS PkgConfig::PCRE2)
set(SLUICE_SEMANTIC_DEPS sluice_sig_semantic)
