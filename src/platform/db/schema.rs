// The tables as both databases have them. `tests/it/migrations.rs` compares this file with the migrated databases.

diesel::table! {
    instance (name) {
        name -> Text,
        value -> Binary,
    }
}

diesel::table! {
    workspaces (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        accent -> Text,
        contact -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    members (id) {
        id -> Text,
        workspace_id -> Text,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        role -> Text,
        theme -> Text,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
        identity_id -> Nullable<Text>,
        password_opens -> Integer,
        opened_at -> Nullable<Timestamp>,
        earlier_names -> Text,
    }
}

diesel::table! {
    identities (id) {
        id -> Text,
        email -> Text,
        password_hash -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        token_hash -> Binary,
        member_id -> Text,
        workspace_id -> Text,
        user_agent -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
        by_password -> Integer,
    }
}

diesel::table! {
    counted_tries (key) {
        key -> Text,
        used_to -> Timestamp,
    }
}

diesel::table! {
    slowed_tries (key) {
        key -> Text,
        failures -> Integer,
        next_at -> Timestamp,
        forgotten_at -> Timestamp,
    }
}

diesel::table! {
    session_workspaces (session_id, workspace_id) {
        session_id -> Text,
        workspace_id -> Text,
    }
}

diesel::table! {
    account_links (id) {
        id -> Text,
        workspace_id -> Text,
        purpose -> Text,
        email -> Text,
        role -> Text,
        member_id -> Nullable<Text>,
        token_hash -> Binary,
        sealed_token -> Nullable<Binary>,
        created_by -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        closed_reason -> Nullable<Text>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        workspace_id -> Text,
        name -> Text,
        prefix -> Text,
        key_hash -> Binary,
        scopes -> Text,
        created_by -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    connections (id) {
        id -> Text,
        workspace_id -> Text,
        kind -> Text,
        connector_slug -> Text,
        slug -> Text,
        description -> Text,
        config -> Text,
        secret_paths -> Text,
        sealed_secrets -> Nullable<Binary>,
        origins -> Text,
        missing_count -> Integer,
        version -> BigInt,
        form_nonce -> Nullable<Text>,
        created_by -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        finalised_at -> Nullable<Timestamp>,
        deleted_at -> Nullable<Timestamp>,
        invite_link_id -> Nullable<Text>,
        identity -> Text,
        approval -> Text,
        words_noted -> Integer,
        secret_revisions -> Text,
        unseen_at -> Nullable<Timestamp>,
        jump_server -> Nullable<Text>,
    }
}

diesel::table! {
    connection_revisions (connection_id, number) {
        workspace_id -> Text,
        connection_id -> Text,
        number -> BigInt,
        filled_by -> Text,
        name -> Text,
        created_at -> Timestamp,
        config -> Text,
        secret_paths -> Text,
        secret_revisions -> Text,
        origins -> Text,
        changed -> Text,
    }
}

diesel::table! {
    connection_words (workspace_id, word, connection_id) {
        workspace_id -> Text,
        word -> Binary,
        connection_id -> Text,
    }
}

diesel::table! {
    list_counts (workspace_id, list, kind, connector_slug, state, writer) {
        workspace_id -> Text,
        list -> Text,
        kind -> Text,
        connector_slug -> Text,
        state -> Text,
        writer -> BigInt,
        amount -> BigInt,
    }
}

diesel::table! {
    invite_links (id) {
        id -> Text,
        workspace_id -> Text,
        name -> Text,
        sort_name -> Binary,
        kind -> Text,
        connector_slug -> Text,
        usage -> Text,
        wants_approval -> Integer,
        cap -> Nullable<Integer>,
        note -> Text,
        greeting -> Text,
        zone -> Text,
        token_hash -> Binary,
        sealed_token -> Nullable<Binary>,
        created_by -> Nullable<Text>,
        create_nonce -> Nullable<Text>,
        created_at -> Timestamp,
        active_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        deleted_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        submission_count -> Integer,
        connection_count -> Integer,
        expiry_noted_at -> Nullable<Timestamp>,
        expiry_told_at -> Nullable<Timestamp>,
        busy_told_at -> Nullable<Timestamp>,
        closed_reason -> Nullable<Text>,
    }
}

diesel::table! {
    invite_link_words (workspace_id, word, invite_link_id) {
        workspace_id -> Text,
        word -> Binary,
        invite_link_id -> Text,
    }
}

diesel::table! {
    invite_submissions (id) {
        id -> Text,
        workspace_id -> Text,
        invite_link_id -> Text,
        form_nonce -> Text,
        receipt_hash -> Binary,
        receipt -> Text,
        identity -> Text,
        submitted_fields -> Text,
        empty_fields -> Text,
        connection_count -> Integer,
        created_at -> Timestamp,
        form_digest -> Nullable<Text>,
    }
}

diesel::table! {
    setup_links (id) {
        id -> Text,
        workspace_id -> Text,
        connection_id -> Text,
        token_hash -> Binary,
        created_by -> Nullable<Text>,
        create_nonce -> Nullable<Text>,
        recipient -> Text,
        note -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        expiry_noted_at -> Nullable<Timestamp>,
        form_nonce -> Nullable<Text>,
        receipt_hash -> Nullable<Binary>,
        receipt -> Nullable<Text>,
        submitted_fields -> Nullable<Text>,
        empty_fields -> Nullable<Text>,
        purpose -> Text,
        allows_test -> Integer,
        closed_at -> Nullable<Timestamp>,
        closed_reason -> Nullable<Text>,
        zone -> Text,
        asks -> Nullable<Text>,
        form_digest -> Nullable<Text>,
    }
}

diesel::table! {
    held_secrets (link_id, form_nonce) {
        link_id -> Text,
        form_nonce -> Text,
        sealed -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    activity (id) {
        id -> Text,
        workspace_id -> Text,
        connection_id -> Nullable<Text>,
        setup_link_id -> Nullable<Text>,
        at -> Timestamp,
        event -> Text,
        actor -> Text,
        actor_name -> Text,
        detail -> Text,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        kind -> Text,
        payload -> Text,
        run_at -> Timestamp,
        lease_until -> Nullable<Timestamp>,
        attempts -> Integer,
        created_at -> Timestamp,
        failed_at -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        lane -> Text,
        decided_at -> Nullable<Timestamp>,
        workspace_id -> Nullable<Text>,
        receiver -> Nullable<Text>,
        receiver_count -> Nullable<Integer>,
        handed_over -> Integer,
        about -> Text,
        shown_receiver -> Text,
    }
}

diesel::table! {
    webhook_secrets (id) {
        id -> Text,
        workspace_id -> Text,
        sealed -> Binary,
        created_at -> Timestamp,
        ends_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Text,
        workspace_id -> Text,
        url -> Text,
        description -> Text,
        events -> Text,
        created_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
        disabled_reason -> Text,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    callback_webhooks (connection_id) {
        connection_id -> Text,
        workspace_id -> Text,
        url -> Text,
        header_name -> Nullable<Text>,
        sealed_header -> Nullable<Binary>,
        updated_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
        disabled_reason -> Text,
    }
}

diesel::table! {
    webhook_messages (id) {
        id -> Text,
        workspace_id -> Text,
        connection_id -> Nullable<Text>,
        event -> Text,
        payload -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        workspace_id -> Text,
        message_id -> Text,
        connection_id -> Nullable<Text>,
        endpoint_id -> Nullable<Text>,
        event -> Text,
        url -> Text,
        host -> Text,
        state -> Text,
        attempts -> Integer,
        step -> Integer,
        next_at -> Nullable<Timestamp>,
        lease_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        dismissed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    webhook_attempts (id) {
        id -> Text,
        delivery_id -> Text,
        number -> Integer,
        at -> Timestamp,
        status -> Nullable<Integer>,
        failure -> Nullable<Text>,
        millis -> Integer,
        answer -> Text,
    }
}

diesel::table! {
    idempotency_keys (id) {
        id -> Text,
        workspace_id -> Text,
        api_key_id -> Text,
        key_hash -> Binary,
        request_hash -> Binary,
        lease_until -> Timestamp,
        sealed_answer -> Nullable<Binary>,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    oauth_apps (id) {
        id -> Text,
        workspace_id -> Text,
        provider -> Text,
        client_id -> Text,
        sealed -> Binary,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    oauth_sign_ins (id) {
        id -> Text,
        workspace_id -> Text,
        door -> Text,
        door_id -> Text,
        browser_hash -> Binary,
        sealed -> Binary,
        version -> BigInt,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    oauth_attempts (id) {
        id -> Text,
        workspace_id -> Text,
        sign_in_id -> Text,
        provider -> Text,
        state_hash -> Binary,
        browser_hash -> Binary,
        sealed -> Binary,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        consumed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    oauth_grants (id) {
        id -> Text,
        workspace_id -> Text,
        kind -> Text,
        connector_slug -> Text,
        provider -> Text,
        identity_id -> Text,
        identity_label -> Text,
        scopes -> Text,
        sealed -> Binary,
        state -> Text,
        version -> BigInt,
        obtained_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        ends_at -> Nullable<Timestamp>,
        refresh_at -> Nullable<Timestamp>,
        refreshed_at -> Nullable<Timestamp>,
        lease -> Nullable<Text>,
        told_at -> Nullable<Timestamp>,
        questioned_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    oauth_uses (connection_id) {
        connection_id -> Text,
        workspace_id -> Text,
        grant_id -> Text,
        accounts -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sign_in_providers (id) {
        id -> Text,
        workspace_id -> Text,
        label -> Text,
        issuer -> Text,
        client_id -> Text,
        sealed_client_secret -> Nullable<Binary>,
        domains -> Text,
        newcomers -> Text,
        revision -> Text,
        created_at -> Timestamp,
        tested_at -> Nullable<Timestamp>,
        passwords_off_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sign_in_attempts (id) {
        id -> Text,
        state_hash -> Binary,
        workspace_id -> Text,
        revision -> Text,
        browser_hash -> Binary,
        tester -> Nullable<Text>,
        sealed_secret -> Binary,
        wanted -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    sign_in_identities (id) {
        id -> Text,
        workspace_id -> Text,
        issuer -> Text,
        subject -> Text,
        member_id -> Text,
        created_at -> Timestamp,
        last_used_at -> Timestamp,
    }
}

diesel::table! {
    connector_installs (id) {
        id -> Text,
        workspace_id -> Text,
        folder -> Text,
        kind -> Text,
        slug -> Text,
        act -> Text,
        state -> Text,
        step -> Text,
        message -> Text,
        detail -> Nullable<Text>,
        tries -> Integer,
        beat -> BigInt,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    validations (id) {
        id -> Text,
        workspace_id -> Text,
        connection_id -> Text,
        setup_link_id -> Nullable<Text>,
        state -> Text,
        actor -> Text,
        actor_name -> Text,
        connection_version -> Nullable<BigInt>,
        sealed_config -> Nullable<Binary>,
        sealed_found -> Nullable<Binary>,
        stream_count -> Integer,
        reason -> Nullable<Text>,
        blame -> Nullable<Text>,
        message -> Text,
        step -> Text,
        lease_until -> Nullable<Timestamp>,
        cancel_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        number -> BigInt,
        beat -> BigInt,
        turn -> Nullable<Text>,
        found_at -> Nullable<Timestamp>,
        found_mark -> Nullable<Text>,
        anew -> Integer,
    }
}

diesel::table! {
    validation_logs (validation_id, number) {
        validation_id -> Text,
        number -> Integer,
        at -> Timestamp,
        level -> Text,
        text -> Text,
    }
}

diesel::table! {
    plans (connection_id) {
        connection_id -> Text,
        workspace_id -> Text,
        streams -> Text,
        table_prefix -> Text,
        output_layer -> Text,
        trigger_type -> Text,
        cron -> Nullable<Text>,
        zone -> Nullable<Text>,
        next_at -> Nullable<Timestamp>,
        version -> BigInt,
        updated_at -> Timestamp,
        reckoned_at -> Nullable<Timestamp>,
        blocked_since -> Nullable<Timestamp>,
        blocked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    runs (id) {
        id -> Text,
        workspace_id -> Text,
        connection_id -> Text,
        state -> Text,
        trigger_type -> Text,
        actor -> Text,
        actor_name -> Text,
        output_layer -> Text,
        from_start -> Integer,
        place -> Text,
        streams -> Text,
        records -> BigInt,
        bytes -> BigInt,
        reason -> Nullable<Text>,
        blame -> Nullable<Text>,
        message -> Text,
        lease_until -> Nullable<Timestamp>,
        cancel_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        number -> BigInt,
        beat -> BigInt,
        turn -> Nullable<Text>,
        engine -> Text,
        remote -> Nullable<Text>,
        remote_job -> Nullable<BigInt>,
        trouble -> Nullable<Text>,
        trouble_since -> Nullable<Timestamp>,
        poll_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sequences (name) {
        name -> Text,
        last -> BigInt,
    }
}

diesel::table! {
    output_layers (id) {
        id -> Text,
        workspace_id -> Text,
        slug -> Text,
        name -> Text,
        kind -> Text,
        settings -> Text,
        sealed -> Nullable<Binary>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    extraction_engines (id) {
        id -> Text,
        workspace_id -> Text,
        kind -> Text,
        url -> Text,
        airbyte_workspace -> Text,
        destination -> Nullable<Text>,
        client_id -> Nullable<Text>,
        sealed -> Nullable<Binary>,
        version -> BigInt,
        tested_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    airbyte_objects (connection_id) {
        connection_id -> Text,
        workspace_id -> Text,
        place -> Text,
        object_id -> Nullable<Text>,
        link_id -> Nullable<Text>,
        target -> Nullable<Text>,
        sent -> Nullable<Text>,
        link_sent -> Nullable<Text>,
        held_since -> Nullable<Timestamp>,
        beat -> BigInt,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    run_logs (run_id, number) {
        run_id -> Text,
        number -> Integer,
        at -> Timestamp,
        level -> Text,
        text -> Text,
    }
}

diesel::table! {
    sync_states (connection_id) {
        connection_id -> Text,
        workspace_id -> Text,
        run_id -> Text,
        state -> Text,
        updated_at -> Timestamp,
        fingerprints -> Nullable<Text>,
    }
}

diesel::table! {
    retention_settings (workspace_id, kind) {
        workspace_id -> Text,
        kind -> Text,
        days -> Integer,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    instance,
    workspaces,
    identities,
    members,
    sessions,
    session_workspaces,
    counted_tries,
    slowed_tries,
    account_links,
    api_keys,
    connections,
    connection_revisions,
    connection_words,
    invite_links,
    invite_link_words,
    invite_submissions,
    setup_links,
    held_secrets,
    activity,
    idempotency_keys,
    jobs,
    webhook_secrets,
    webhook_endpoints,
    callback_webhooks,
    webhook_messages,
    webhook_deliveries,
    webhook_attempts,
    oauth_apps,
    oauth_sign_ins,
    oauth_attempts,
    oauth_grants,
    oauth_uses,
    sign_in_providers,
    sign_in_attempts,
    sign_in_identities,
    connector_installs,
    validations,
    validation_logs,
    plans,
    runs,
    sequences,
    run_logs,
    sync_states,
    output_layers,
    extraction_engines,
    airbyte_objects,
    retention_settings
);
