DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_messages;
DROP TABLE callback_webhooks;
DROP TABLE webhook_endpoints;
DROP TABLE webhook_secrets;
