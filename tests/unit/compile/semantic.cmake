# SPDX-License-Identifier: Apache-2.0
sluice_test(semantic_test
  SOURCES
    keyword_notes_test.cc
    semantic_buffer_test.cc
    semantic_bytes_test.cc
    semantic_content_test.cc
    semantic_decode_test.cc
    semantic_dns_test.cc
    semantic_et_test.cc
    semantic_event_test.cc
    semantic_file_test.cc
    semantic_flow_test.cc
    semantic_ftp_test.cc
    semantic_header_test.cc
    semantic_metadata_test.cc
    semantic_network_test.cc
    semantic_number_test.cc
    semantic_packet_test.cc
    semantic_tag_test.cc
    semantic_pcre_test.cc
    semantic_ssh_test.cc
    semantic_state_test.cc
    semantic_tls_test.cc
    semantic_view_test.cc
  DEPS sluice_sig_semantic)
